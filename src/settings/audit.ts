// The audit log of the settings, checked, its path made absolute.
import { resolve } from 'node:path';
import { AUDIT_ON_ERROR, AUDIT_OPERATIONS, type WireAudit } from '../wire/audit.js';
import { type Check, keyId, oneOf, readFields } from '../wire/check.js';
import { filePath } from '../wire/sources.js';
import type { KeyId } from '../wire/types.js';

const FIELDS = ['file', 'key', 'operations', 'onError'];

/** @param folder - where a relative file starts. */
export const auditOf =
  (folder: string): Check<WireAudit> =>
  (value, path, problems) => {
    const fields = readFields(value, path, 'an object with "file"', problems);
    if (fields === undefined) return undefined;
    const before = problems.length;
    fields.only(FIELDS);
    const file = fields.required('file', filePath);
    const key = fields.optional<KeyId | null>('key', null, keyId);
    const operations = fields.optional('operations', 'summary', oneOf(AUDIT_OPERATIONS));
    const onError = fields.optional('onError', 'refuse', oneOf(AUDIT_ON_ERROR));
    if (problems.length > before || file === undefined || key === undefined) return undefined;
    if (operations === undefined || onError === undefined) return undefined;
    return { path: resolve(folder, file), key, operations, onError };
  };
