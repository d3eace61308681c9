// Process warnings, each text once. They name keys and variables, never values.

const warned = new Set<string>();

export const warnOnce = (text: string): void => {
  if (warned.has(text)) return;
  warned.add(text);
  process.emitWarning(text, { type: 'StrongroomWarning' });
};
