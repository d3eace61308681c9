// The same operator, at work in a signer thread.
import { defineOperator } from '../../dist/src/operator.js';
import { definition } from './operators-custom.js';

export const operator = defineOperator({ ...definition, pool: true });
