// The demo in words: what each step looks like on a terminal, at most 100 columns wide. Nothing is done here.
import { availableParallelism } from 'node:os';
import type { KeyInfo, VaultInfo } from '../../vault.js';
import { plural, styled, table, toHex } from '../output.js';
import { SIGNED_TYPES, type SignedType } from './plan.js';

export interface Speed {
  readonly count: number;
  readonly seconds: number;
  readonly perSecond: number;
}

export const speedOf = (count: number, milliseconds: number): Speed => ({
  count,
  seconds: Math.round(milliseconds) / 1000,
  perSecond: Math.round(count / (milliseconds / 1000)),
});

const number = (value: number): string => value.toLocaleString('en-US');
const indent = (text: string): string => text.replace(/^/gm, '   ');

export const title = (version: string): string =>
  styled('bold', `Strongroom ${version}`) +
  ` on Node ${process.version}, ${process.platform} ${process.arch}, ${plural(availableParallelism(), 'core')}`;

export const step = (index: number, text: string): string => `\n${styled('bold', `${index}  ${text}`)}`;

export const fileKeyLine = (id: string, type: string, path: string, publicKey: Uint8Array): string =>
  indent(`${id.padEnd(11)}  ${type}  ${path}\n${' '.repeat(13)}public key ${toHex(publicKey).slice(0, 32)}…`);

const SOURCE_WORDS = { file: 'from a file', env: 'from the environment', generate: 'generated', bytes: 'handed off' };

const sourcesOf = (keys: readonly KeyInfo[]): string =>
  (['file', 'env', 'generate'] as const)
    .map((source) => ({ source, count: keys.filter((key) => key.source === source).length }))
    .filter(({ count }) => count > 0)
    .map(({ source, count }) => `${count} ${SOURCE_WORDS[source]}`)
    .join(', ');

export const keysTable = (keys: readonly KeyInfo[], info: VaultInfo): string => {
  const rows = SIGNED_TYPES.map((type) => {
    const ofType = keys.filter((key) => key.type === type);
    return [type, plural(ofType.length, 'key'), `${info.providers[type]} provider`, sourcesOf(ofType)];
  });
  return indent(table(rows));
};

export const memoryLines = ({ threads, memory }: VaultInfo, variable: string, gone: boolean): string => {
  const yes = (value: boolean): string => (value ? 'yes' : styled('red', 'no'));
  const size = `${number(Math.ceil(memory.bytes / 1024))} KiB for ${number(memory.keysMax)} keys`;
  return indent(
    table([
      ['threads', `1 vault thread that holds every key, ${plural(threads, 'signer thread')}`],
      ['key memory', `${size}, ${number(memory.keysUsed)} used`],
      ['locked, not swapped', yes(memory.locked)],
      ['left out of core dumps', yes(memory.excludedFromDumps)],
      [`${variable} gone`, `${yes(gone)}, from process.env`],
    ]),
  );
};

export const speedTable = (speeds: Readonly<Record<SignedType, Speed>>, total: Speed): string => {
  const row = (name: string, { count, seconds, perSecond }: Speed): string[] => [
    name.padEnd(10),
    `${number(count).padStart(9)} signatures`,
    `${seconds.toFixed(2).padStart(6)} s`,
    `${number(perSecond).padStart(8)} per second`,
  ];
  return indent(table([...SIGNED_TYPES.map((type) => row(type, speeds[type])), row('together', total)]));
};

const VERIFIERS = { ed25519: 'OpenSSL', secp256k1: 'OpenSSL', 'bls12-381': 'noble' } as const;

export const verifiedTable = (
  speeds: Readonly<Record<SignedType, Speed>>,
  failed: Readonly<Record<SignedType, number>>,
  { providers }: VaultInfo,
  seconds: number,
): string => {
  const rows = SIGNED_TYPES.map((type) => {
    // Without the native library there is one implementation of BLS, and no independent word on it.
    const same = VERIFIERS[type] === providers[type] ? ', which also signed' : '';
    const valid = `${number(speeds[type].count - failed[type]).padStart(9)} valid`;
    const bad = failed[type] === 0 ? '0 not valid' : styled('red', `${number(failed[type])} NOT VALID`);
    return [type.padEnd(10), valid, bad, `by ${VERIFIERS[type]}${same}`];
  });
  return indent(`${table(rows)}\nall of them in ${seconds.toFixed(1)} s`);
};

export const line = (text: string): string => indent(text);
