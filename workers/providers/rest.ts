// Between batches no provider keeps anything of a key.
import type { Providers } from './provider.js';

export const restAll = (providers: Providers): void => {
  for (const provider of Object.values(providers)) provider.rest?.();
};
