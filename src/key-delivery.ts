// Brings checked keys to the vault: names what the vault can read by itself, hands off what only main can reach.
import type { VaultHost } from './host.js';
import type { CheckedKey } from './settings/keys.js';
import { warnOnce } from './warn.js';
import type { WireKeySpec, WireSource } from './wire/specs.js';

const NOT_SCRUBBED = 'environment variables that could only be deleted, not overwritten where the process keeps them';

/** Specifications for `load` and `register`, once their variables are claimed and their bytes handed off. */
export const deliverKeys = async (host: VaultHost, keys: readonly CheckedKey[]): Promise<WireKeySpec[]> => {
  // The environment block still has variables that this program has deleted since its start: they are not set.
  const names = new Set(
    keys.flatMap(({ from }) =>
      typeof from === 'object' && 'env' in from && Object.hasOwn(process.env, from.env) ? [from.env] : [],
    ),
  );
  const variables = names.size === 0 ? new Map<string, number | undefined>() : await claimVariables(host, names);

  const sourceOf = ({ from }: CheckedKey): WireSource => {
    if (from === 'generate') return { kind: 'generate' };
    const { encoding } = from;
    if ('file' in from) return { kind: 'file', path: from.file, encoding, allowSharedFile: from.allowSharedFile };
    if ('bytes' in from) return { kind: 'bytes', handoff: host.handoff.bytes(from.bytes), encoding };
    const handoff = variables.get(from.env);
    return { kind: 'env', name: from.env, encoding, ...(handoff !== undefined && { handoff }) };
  };
  return keys.map((key) => ({ id: key.id, type: key.type, source: sourceOf(key) }));
};

/** The hand-off number of each variable that the vault cannot read by itself. */
const claimVariables = async (
  host: VaultHost,
  names: ReadonlySet<string>,
): Promise<Map<string, number | undefined>> => {
  const { scrubbed, exposed } = await host.call('claimVariables', [...names]);
  // Not by value: reading one would make the string that the vault has just avoided.
  const deletedOnly = [...names].filter((name) => !scrubbed.includes(name) && Object.hasOwn(process.env, name));
  if (deletedOnly.length > 0) warnOnce(`${NOT_SCRUBBED}: ${deletedOnly.join(', ')}`);
  const variables = new Map<string, number | undefined>();
  for (const name of names)
    variables.set(name, host.handoff.variable(name, scrubbed.includes(name), exposed.includes(name)));
  return variables;
};
