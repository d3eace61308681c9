// What may be told of an error that code of the user's threw: its kind, and nothing else. The code had a key before it,
// and what it throws may be anything, or hold anything: text, getters, proxies. None of it is read.
import { types } from 'node:util';

/** The classes of errors that the language has. A name that a class of the user's has is the user's text. */
const CLASSES: readonly (readonly [prototype: object, name: string])[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
].map((known) => [known.prototype, known.name]);

/** Why node does not load a module: the codes that say something to whoever wrote the settings. */
const CODES: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EISDIR',
  'ENOENT',
  'ERR_DLOPEN_FAILED',
  'ERR_IMPORT_ATTRIBUTE_MISSING',
  'ERR_INVALID_MODULE_SPECIFIER',
  'ERR_INVALID_PACKAGE_CONFIG',
  'ERR_INVALID_PACKAGE_TARGET',
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_IMPORT_NOT_DEFINED',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_REQUIRE_ASYNC_MODULE',
  'ERR_REQUIRE_ESM',
  'ERR_UNKNOWN_BUILTIN_MODULE',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNKNOWN_MODULE_FORMAT',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNSUPPORTED_ESM_URL_SCHEME',
  'MODULE_NOT_FOUND',
]);

/** 'a TypeError', 'an error of a class of its own', 'something that is no error'. Runs no code of the error's. */
export const kindOf = (thrown: unknown): string => {
  if (!types.isNativeError(thrown)) return 'something that is no error';
  const prototype: unknown = Object.getPrototypeOf(thrown);
  const name = CLASSES.find(([known]) => known === prototype)?.[1];
  if (name === undefined) return 'an error of a class of its own';
  return `${/^[AE]/.test(name) ? 'an' : 'a'} ${name}`;
};

/** Whether the error says that a value was of the wrong type or size: TypeErrors and RangeErrors, theirs included. */
export const isRefusal = (thrown: unknown): boolean => {
  if (!types.isNativeError(thrown)) return false;
  let prototype: unknown = thrown;
  // No longer than chains are; one that is a proxy would run code.
  for (let i = 0; i < 8 && typeof prototype === 'object' && prototype !== null && !types.isProxy(prototype); i++) {
    if (prototype === TypeError.prototype || prototype === RangeError.prototype) return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
};

/** Why a module was not loaded: a known code of node's, or the kind of the error. */
export const reasonOf = (thrown: unknown): string => {
  const code = types.isNativeError(thrown) ? Object.getOwnPropertyDescriptor(thrown, 'code')?.value : undefined;
  return CODES.has(code) ? String(code) : kindOf(thrown);
};
