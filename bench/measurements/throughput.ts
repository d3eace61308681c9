// Signatures per second by one scheme: of the vault under several loads, against one bare loop, as many bare loops as there
// are signer threads, and everybody else who signs by this scheme.
import type { Scheme } from 'strongroom';
import { createBareSign, runBareLoop } from '../contestants/bare.js';
import { type OpenPeer, openPeer, type PeerEntry, reasonOf } from '../contestants/peer.js';
import { PEERS } from '../contestants/peers.js';
import type { Context } from '../context.js';
import { keyIdOf, TYPE_OF } from '../keys.js';
import { batches, closedLoop } from '../load.js';
import {
  type Absent,
  type Aim,
  type Contestant,
  type Measurement,
  median,
  of,
  type Role,
  type Row,
  ratios,
  type Samples,
  spreadOf,
} from '../measure.js';
import type { MeasurementSpec } from './spec.js';

const count = (value: number): string => value.toLocaleString('en-US');
const atLeast = (limit: number): Aim => ({ sense: 'at least', limit });

interface ThroughputAims {
  readonly many: Aim;
  readonly few: Aim;
  readonly batch: Aim;
}

/** Ratios to one bare loop, for two signer threads on two cores. */
const AIMED_THREADS = 2;
const AIMS: Readonly<Partial<Record<Scheme, ThroughputAims>>> = {
  ed25519: { many: atLeast(1.8), few: atLeast(1.5), batch: atLeast(1.85) },
  ecdsa: { many: atLeast(1.9), few: atLeast(1.5), batch: atLeast(1.93) },
  'bls12-381': { many: atLeast(1.95), few: atLeast(1.7), batch: atLeast(1.95) },
};

/** A BLS signature takes ten times as long as another: its bursts are further apart. */
const paceOf = (scheme: Scheme): number => (scheme === 'bls12-381' ? 1.5 : 1);
/** Part of a run that peers get: no aim hangs on them, and most have neither frames nor bursts. */
const PEER_PART = 0.5;

const TITLES: Readonly<Record<Scheme, string>> = {
  ed25519: 'ed25519: signatures/s',
  ecdsa: 'secp256k1 ecdsa: signatures/s',
  'ecdsa-recoverable': 'secp256k1 ecdsa-recoverable: signatures/s',
  schnorr: 'secp256k1 schnorr (BIP-340; bare: our composition, called directly): signatures/s',
  'bls12-381': 'bls12-381: signatures/s',
};
const FULL: ReadonlySet<Scheme> = new Set(['ecdsa-recoverable', 'schnorr']);
const SCHEMES: readonly Scheme[] = ['ed25519', 'ecdsa', 'bls12-381', 'ecdsa-recoverable', 'schnorr'];

/** More loads of the vault, with --full. */
const FULL_LOADS = [16, 512];

interface Peers {
  readonly entries: readonly PeerEntry[];
  readonly absent: readonly Absent[];
  close(): Promise<void>;
}

const openPeers = async (context: Context, scheme: Scheme): Promise<Peers> => {
  const { options, messages, secrets, vault, key } = context;
  const type = TYPE_OF[scheme];
  const opened: OpenPeer[] = [];
  const absent: Absent[] = [];
  for (const peer of PEERS) {
    if (!peer.schemes.includes(scheme) || (peer.full && !options.full)) continue;
    const outcome = await openPeer(peer, {
      scheme,
      secret: secrets.get(type)!,
      publicKey: key(keyIdOf(type)).publicKey,
      messages,
      threads: vault.info().threads,
      inFlight: options.sizes.few,
    });
    if ('absent' in outcome) absent.push({ name: peer.name, reason: outcome.absent });
    else opened.push(outcome);
  }
  return {
    entries: opened.flatMap(({ entries }) => entries),
    absent,
    async close() {
      await Promise.all(opened.map((peer) => peer.close()));
    },
  };
};

const throughput = async (context: Context, scheme: Scheme): Promise<Measurement> => {
  const { vault, options, bareThreads, secrets, checker, keeperOf } = context;
  const { sizes } = options;
  const { threads } = vault.info();
  const type = TYPE_OF[scheme];
  const messages = context.messages.for(type);
  const id = keyIdOf(type);
  const batch = Array.from({ length: sizes.batch }, (_, i) => messages[i % messages.length]!);
  const signing = { scheme };

  const named = (
    name: string,
    run: (seconds: number, keep: ReturnType<typeof keeperOf>) => number | Promise<number>,
  ): Contestant => {
    const keep = keeperOf(`${scheme}, ${name}`, type, scheme);
    return { name, run: async (seconds) => run(seconds, keep) };
  };
  const inFlight = (calls: number): Contestant =>
    named(`sign(), ${count(calls)} in flight`, (seconds, keep) =>
      closedLoop({
        inFlight: calls,
        seconds,
        keep,
        start: (i) => vault.sign(id, messages[i % messages.length]!, signing),
      }),
    );
  /** Peers that failed on the way, and why: that ends their part, and not a run of minutes. */
  const failed = new Map<string, string>();
  const peerOf = ({ label, otherKey, run }: PeerEntry): Contestant => {
    const keys = [otherKey ?? context.key(id)];
    const keep = checker.keeperFor(`${scheme}, ${label}`, keys, scheme);
    return {
      name: label,
      async run(seconds) {
        if (failed.has(label)) return undefined;
        try {
          return await run(seconds * PEER_PART, keep);
        } catch (error) {
          failed.set(label, `it failed while it was measured: ${reasonOf(error)}`);
          return undefined;
        }
      },
    };
  };

  const sign = createBareSign(type, secrets.get(type)!, scheme);
  const bare = named('bare loop, one core', (seconds, keep) => runBareLoop(seconds, keep, sign, messages));
  const ceiling = named(`bare loops in ${threads} threads`, (seconds, keep) =>
    bareThreads.run(type, seconds, keep, scheme),
  );
  const loads = [...new Set([1, sizes.few, sizes.many, ...(options.full ? FULL_LOADS : [])])].sort((a, b) => a - b);
  const signs = loads.map((load) => ({ load, contestant: inFlight(load) }));
  const batched = named(`signMany() of ${count(sizes.batch)}`, (seconds, keep) =>
    batches(seconds, sizes.batch, keep, () => vault.signMany(id, batch, signing)),
  );
  const peers = await openPeers(context, scheme);
  const rivals = peers.entries.map((entry) => ({ entry, contestant: peerOf(entry) }));

  const aims = threads === AIMED_THREADS ? AIMS[scheme] : undefined;
  const aimOf = (load: number): Aim | undefined =>
    load === sizes.many ? aims?.many : load === sizes.few ? aims?.few : undefined;

  return {
    name: scheme,
    group: 'throughput',
    title: TITLES[scheme],
    unit: 'signatures/s',
    better: 'more',
    pace: paceOf(scheme),
    get absent() {
      return [...peers.absent, ...Array.from(failed, ([name, reason]) => ({ name, reason }))];
    },
    contestants: [
      bare,
      ceiling,
      ...signs.map(({ contestant }) => contestant),
      batched,
      ...rivals.map(({ contestant }) => contestant),
    ],
    close: peers.close,
    rows(samples: Samples): Row[] {
      const plain = ({ name }: Contestant, role: Role): Row => ({
        label: name,
        role,
        sample: name,
        value: spreadOf(of(samples, name)),
      });
      const row = (contestant: Contestant, role: Role, aim?: Aim): Row => {
        const values = of(samples, contestant.name);
        return {
          ...plain(contestant, role),
          ratio: spreadOf(ratios(values, of(samples, bare.name))),
          ofCeiling: median(ratios(values, of(samples, ceiling.name))),
          aim,
        };
      };
      return [
        row(bare, 'baseline'),
        row(ceiling, 'ceiling'),
        ...signs.map(({ load, contestant }) => row(contestant, 'strongroom', aimOf(load))),
        row(batched, 'strongroom', aims?.batch),
        // Another curve is shown, and compared with nothing.
        ...rivals
          .filter(({ entry }) => !failed.has(entry.label))
          .map(({ entry, contestant }) =>
            entry.otherKey === undefined ? row(contestant, 'peer') : plain(contestant, 'peer'),
          ),
      ];
    },
  };
};

export const THROUGHPUT: readonly MeasurementSpec[] = SCHEMES.map((scheme) => ({
  name: scheme,
  group: 'throughput',
  ...(FULL.has(scheme) ? { full: true as const } : {}),
  // The bare loop of schnorr takes SHA-256 from sodium-native.
  missing: ({ missing }) => missing.get(TYPE_OF[scheme]) ?? (scheme === 'schnorr' ? missing.get('ed25519') : undefined),
  make: (context) => throughput(context, scheme),
}));
