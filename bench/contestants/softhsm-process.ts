// The entry of a process that signs in SoftHSM2 through PKCS#11, by order. It is a process of its own because the
// library blocks its thread, brings another OpenSSL, and takes its settings from the environment.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Keep } from '../check.js';
import { bareLoop } from '../load.js';
import { libraryPath } from './softhsm-library.js';

export type Curve = 'ed25519' | 'secp256k1' | 'p256';

export interface SoftHsmKey {
  readonly curve: Curve;
  readonly secret: Uint8Array;
  readonly messages: readonly Uint8Array[];
}

export type SoftHsmOrder =
  | { readonly open: readonly SoftHsmKey[] }
  | { readonly curve: Curve; readonly seconds: number; readonly every: number };

export type SoftHsmReply =
  | { readonly absent: string }
  | { readonly ready: true }
  | { readonly rate: number; readonly kept: readonly (readonly [i: number, signature: Uint8Array])[] };

interface Attribute {
  readonly type: number;
  readonly value: number | boolean | string | Buffer;
}

/** What is used of the package pkcs11js. */
interface Pkcs11 {
  load(path: string): void;
  C_Initialize(): void;
  C_GetSlotList(tokenPresent: boolean): Buffer[];
  C_InitToken(slot: Buffer, pin: string, label: string): void;
  C_GetMechanismList(slot: Buffer): number[];
  C_OpenSession(slot: Buffer, flags: number): Buffer;
  C_Login(session: Buffer, user: number, pin: string): void;
  C_Logout(session: Buffer): void;
  C_InitPIN(session: Buffer, pin: string): void;
  C_CreateObject(session: Buffer, template: readonly Attribute[]): Buffer;
  C_SignInit(session: Buffer, mechanism: { readonly mechanism: number; readonly parameter: null }, key: Buffer): void;
  C_Sign(session: Buffer, message: Uint8Array, signature: Buffer): Buffer;
  C_Finalize(): void;
}
interface Pkcs11Module {
  readonly PKCS11: new () => Pkcs11;
}

/** Numbers of PKCS#11 3.0. */
const CKF_RW_SESSION = 2;
const CKF_SERIAL_SESSION = 4;
const CKU_SO = 0;
const CKU_USER = 1;
const CKA = { class: 0, token: 1, private: 2, value: 0x11, keyType: 0x100, sensitive: 0x103 } as const;
const CKA_SIGN = 0x108;
const CKA_EXTRACTABLE = 0x162;
const CKA_EC_PARAMS = 0x180;
const CKO_PRIVATE_KEY = 3;
const CKK_EC = 3;
const CKK_EC_EDWARDS = 0x40;
const CKM_ECDSA = 0x1041;
const CKM_EDDSA = 0x1057;

const CURVES: Readonly<Record<Curve, { readonly type: number; readonly mechanism: number; readonly oid: string }>> = {
  ed25519: { type: CKK_EC_EDWARDS, mechanism: CKM_EDDSA, oid: '06032b6570' },
  secp256k1: { type: CKK_EC, mechanism: CKM_ECDSA, oid: '06052b8104000a' },
  p256: { type: CKK_EC, mechanism: CKM_ECDSA, oid: '06082a8648ce3d030107' },
};

/** Of a token that lives as long as the run. */
const PIN = '1234';
const SIGNATURE_BYTES = 64;

/** Where the package may be: here, in a folder that the environment names, or among node's global packages. */
const loadPackage = (): Pkcs11Module | undefined => {
  const folders = [
    import.meta.dirname,
    process.env.STRONGROOM_BENCH_MODULES,
    join(dirname(dirname(process.execPath)), 'lib'),
    dirname(process.execPath),
    '/usr/local/lib',
  ];
  for (const folder of folders) {
    if (folder === undefined || folder === '') continue;
    try {
      return createRequire(join(folder, 'resolved-from-here.js'))('pkcs11js') as Pkcs11Module;
    } catch {
      // Not there, or not for this node.
    }
  }
  return undefined;
};

interface Token {
  has(mechanism: number): boolean;
  /** @returns signs with the key: two calls, C_SignInit and C_Sign. */
  add(key: SoftHsmKey): (message: Uint8Array) => Uint8Array;
  close(): void;
}

/** A new token, with one session. */
const openToken = (library: string, { PKCS11 }: Pkcs11Module): Token => {
  const pkcs11 = new PKCS11();
  pkcs11.load(library);
  pkcs11.C_Initialize();
  pkcs11.C_InitToken(pkcs11.C_GetSlotList(true)[0]!, PIN, 'strongroom benchmark');
  const [slot] = pkcs11.C_GetSlotList(true); // the token has moved to a slot of its own
  const session = pkcs11.C_OpenSession(slot!, CKF_SERIAL_SESSION | CKF_RW_SESSION);
  pkcs11.C_Login(session, CKU_SO, PIN);
  pkcs11.C_InitPIN(session, PIN);
  pkcs11.C_Logout(session);
  pkcs11.C_Login(session, CKU_USER, PIN);
  const mechanisms = pkcs11.C_GetMechanismList(slot!);
  return {
    has: (mechanism) => mechanisms.includes(mechanism),
    add({ curve, secret }) {
      const { type, mechanism, oid } = CURVES[curve];
      const key = pkcs11.C_CreateObject(session, [
        { type: CKA.class, value: CKO_PRIVATE_KEY },
        { type: CKA.keyType, value: type },
        { type: CKA.token, value: true }, // in the token's files, as keys that are kept
        { type: CKA.private, value: true },
        { type: CKA.sensitive, value: true },
        { type: CKA_EXTRACTABLE, value: false },
        { type: CKA_SIGN, value: true },
        { type: CKA_EC_PARAMS, value: Buffer.from(oid, 'hex') },
        { type: CKA.value, value: Buffer.from(secret) },
      ]);
      const by = { mechanism, parameter: null };
      return (message) => {
        pkcs11.C_SignInit(session, by, key);
        return pkcs11.C_Sign(session, message, Buffer.alloc(SIGNATURE_BYTES));
      };
    },
    close: () => pkcs11.C_Finalize(),
  };
};

let token: Token | undefined;
const signers = new Map<Curve, (i: number) => Uint8Array>();

/** @returns what is missing. */
const open = (keys: readonly SoftHsmKey[]): string | undefined => {
  const library = libraryPath();
  if (library === undefined) return 'libsofthsm2.so was not found; is SoftHSM2 installed?';
  const pkcs11js = loadPackage();
  if (pkcs11js === undefined) return 'the package pkcs11js was not found (docs/benchmarks.md)';
  token = openToken(library, pkcs11js);
  for (const key of keys) {
    if (!token.has(CURVES[key.curve].mechanism)) return `this SoftHSM2 has no ${key.curve}`;
    const sign = token.add(key);
    const { messages } = key;
    signers.set(key.curve, (i) => sign(messages[i % messages.length]!));
  }
  return undefined;
};

const answer = (order: SoftHsmOrder): SoftHsmReply => {
  if ('open' in order) {
    try {
      const absent = open(order.open);
      return absent === undefined ? { ready: true } : { absent };
    } catch (error) {
      return { absent: `SoftHSM2 did not start: ${(error as Error).message}` };
    }
  }
  const kept: [number, Uint8Array][] = [];
  const keep: Keep = { every: order.every, add: (i, signature) => void kept.push([i, Uint8Array.from(signature)]) };
  const rate = bareLoop(order.seconds, keep, signers.get(order.curve)!);
  return { rate, kept };
};

process.on('message', (order: SoftHsmOrder) => void process.send?.(answer(order)));
// The program that started it has closed it, or ended.
process.once('disconnect', () => {
  token?.close();
  process.exit();
});
