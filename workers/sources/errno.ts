// The name of a system error, for messages: `EACCES`. The text of the error is not used: it is the runtime's.
export const errnoName = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : 'an unknown error';
};
