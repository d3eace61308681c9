// Who speaks to the vault: the owner, and the ports that were granted. A session says what its port may do, counts what
// it has under way, and is told what changes among the keys that it sees.
import type { MessagePort } from 'node:worker_threads';
import { type ErrorRecord, toErrorRecord, VaultError } from '../../src/errors.js';
import type { GoneReason, VaultEvent } from '../../src/wire/events.js';
import { statusOf } from '../../src/wire/frame.js';
import { matches, type WireGrant, whyWider } from '../../src/wire/grants.js';
import type { FatalMessage, KeyRecord, NoticeMessage } from '../../src/wire/protocol.js';
import type { KeyEntry } from './key-table.js';
import { createLifetime, type Lifetime } from './lifetime.js';
import { operationOf } from './operations.js';
import { CODES } from './policy.js';
import { createQuota, type Quota } from './quota.js';
import { recordFor } from './records.js';

const GRANT_EXHAUSTED = statusOf('ERR_GRANT_EXHAUSTED');
const NOT_GRANTED = statusOf('ERR_NOT_GRANTED');

/** Grants at once by the owner; and by a port that he granted, with all that come of it. */
const MAX_GRANTS_OF_OWNER = 1024;
const MAX_GRANTS_OF_ROOT = 128;
/** Grants of grants, one below another. */
const MAX_DEPTH = 16;
/** Patterns in a grant that a granted port makes, and such grants a second: each is an event, and a record of the log. */
const MAX_PATTERNS_ONWARD = 32;
const GRANTS_PER_SECOND = 50;
/** Patterns that an event tells. */
const TOLD_PATTERNS = 16;
/** How long a change in what a key's policy leaves may go untold to others than the one who caused it. */
const LEFT_MS = 50;

export type RevokeReason = 'revoked' | 'expired' | 'closed';

export interface Session {
  /** 0 is the owner. */
  readonly number: number;
  readonly parent: Session | undefined;
  /** The port that the owner granted, of which this one came; itself, if that is it or the owner. Shares are shared by these. */
  readonly root: Session;
  /** Undefined: the owner, who may do everything. */
  readonly grant: WireGrant | undefined;
  /** By code of a frame's operation: 0, or the status by which the grant refuses it. Undefined: nothing is refused. */
  readonly statuses: Uint8Array | undefined;
  /** Its own and those of the ports that it was granted from. */
  readonly quotas: readonly Quota[];
  /** Operations and message bytes under way: of frames, counted by the dispatcher. */
  pending: number;
  pendingBytes: number;
  /** Whether its time is over, also when the timer is late. */
  isOver(): boolean;
  /** Whether it may know of the key. */
  sees(entry: { readonly info: { readonly id: string } }): boolean;
  /** @throws {VaultError} ERR_NOT_GRANTED, ERR_GRANT_REVOKED */
  assertGranted(operation: string): void;
}

interface Port {
  readonly session: Session;
  readonly port: MessagePort;
  readonly children: Set<Port>;
  readonly lifetime: Lifetime | undefined;
  /** Ids of which the policy's rest changed and that it was not told of. */
  readonly unsaid: Set<KeyEntry>;
  /** It knows its keys, and is told of changes from then on. */
  watching: boolean;
}

export interface Sessions {
  readonly owner: Session;
  /** Ports that were granted and not revoked. */
  readonly granted: number;
  /** @throws {VaultError} ERR_GRANT - it is wider than the port's own, or there are too many. */
  grant(by: Session, grant: WireGrant, port: MessagePort): Session;
  /** @throws {VaultError} ERR_GRANT - the port has made no such grant. */
  revoke(by: Session, number: number): void;
  /** Nothing that granted ports send is taken any more. */
  deafen(): void;
  /** From now on it is told what changes. */
  watch(session: Session): void;
  /** Keys that are new, or in another state; `except` has it from an answer. */
  tellChanged(entries: readonly KeyEntry[], except?: Session): void;
  tellGone(entries: readonly KeyEntry[], reason: GoneReason, except?: Session): void;
  /** What policies leave has changed: told to `first` at once, before its answer, and to others a little later. */
  tellLeft(entries: Iterable<KeyEntry>, first: Session): void;
  tellLocked(locked: boolean): void;
  /** To the owner. */
  tellEvent(event: VaultEvent): void;
  /** The vault ends: every port is told, and closed. */
  close(error: VaultError): void;
}

/** What a grant refuses, by code. */
const statusesOf = ({ operations, schemes }: WireGrant): Uint8Array =>
  Uint8Array.from({ length: CODES }, (_, code) => {
    const { operation, scheme } = operationOf(code);
    const granted = operations.some((each) => each === operation);
    return granted && (scheme === undefined || schemes === undefined || schemes.includes(scheme)) ? 0 : NOT_GRANTED;
  });

/**
 * @param ownerPort - where the owner is told.
 * @param serve - answers a port from now on.
 * @param onEvent - a port was granted or revoked.
 */
export const createSessions = (
  ownerPort: MessagePort,
  serve: (session: Session, port: MessagePort) => void,
  onEvent: (event: VaultEvent) => void,
): Sessions => {
  const owner: Session = {
    number: 0,
    parent: undefined,
    get root() {
      return owner;
    },
    grant: undefined,
    statuses: undefined,
    quotas: [],
    pending: 0,
    pendingBytes: 0,
    isOver: () => false,
    sees: () => true,
    assertGranted: () => undefined,
  };
  const ownerEnd: Port = {
    session: owner,
    port: ownerPort,
    children: new Set(),
    lifetime: undefined,
    unsaid: new Set(),
    watching: false,
  };
  const ports = new Map<Session, Port>([[owner, ownerEnd]]);
  let numbers = 0;
  let leftTimer: NodeJS.Timeout | undefined;
  /** How often the ports that come of one grant onward. */
  const rates = new WeakMap<Session, Quota>();

  const end = (child: Port, reason: RevokeReason): void => {
    const { session, port, lifetime, children } = child;
    if (!ports.delete(session)) return;
    for (const each of [...children]) end(each, reason);
    const parent = session.parent === undefined ? undefined : ports.get(session.parent);
    parent?.children.delete(child);
    lifetime?.stop();
    say(port, { fatal: revoked(reason) });
    port.close();
    onEvent({ type: 'revoked', grant: session.number, reason });
  };

  const makeSession = (parent: Session, grant: WireGrant, isOver: () => boolean): Session => {
    numbers += 1;
    const { keys, operations } = grant;
    /** Of keys that were asked for: there may be a thousand patterns. */
    const seen = new WeakMap<object, boolean>();
    const session: Session = {
      number: numbers,
      parent,
      get root() {
        return parent.parent === undefined ? session : parent.root;
      },
      grant,
      statuses: statusesOf(grant),
      quotas: [...parent.quotas, ...(isLimited(grant) ? [createQuota(grant, GRANT_EXHAUSTED)] : [])],
      pending: 0,
      pendingBytes: 0,
      isOver,
      sees({ info }) {
        const known = seen.get(info);
        if (known !== undefined) return known;
        const sees = matches(keys, info.id);
        seen.set(info, sees);
        return sees;
      },
      assertGranted(operation) {
        if (isOver() || !ports.has(session)) throw new VaultError('ERR_GRANT_REVOKED');
        if (operations.some((each) => each === operation)) return;
        throw new VaultError('ERR_NOT_GRANTED', `the port was not granted "${operation}"`);
      },
    };
    return session;
  };

  const sayLeft = (to: Port): void => {
    const left = [...to.unsaid].flatMap(({ info, quota, gone }) =>
      quota?.signaturesLeft === undefined || gone !== undefined
        ? []
        : [{ id: info.id, signatures: quota.signaturesLeft }],
    );
    to.unsaid.clear();
    if (left.length > 0) say(to.port, { notice: { left } });
  };

  const sayLeftToAll = (): void => {
    leftTimer = undefined;
    for (const each of ports.values()) if (each.unsaid.size > 0) sayLeft(each);
  };

  /** @throws {VaultError} ERR_GRANT - there are too many, or it is too large. */
  const assertRoom = ({ session, children }: Port, { keys }: WireGrant): void => {
    if (session.parent === undefined) {
      if (children.size < MAX_GRANTS_OF_OWNER) return;
      throw new VaultError('ERR_GRANT', `too many ports are granted: at most ${MAX_GRANTS_OF_OWNER}`);
    }
    const { root } = session;
    const family = [...ports.keys()].filter((each) => each.root === root);
    if (family.length > MAX_GRANTS_OF_ROOT || depthOf(session) >= MAX_DEPTH) {
      throw new VaultError('ERR_GRANT', `a port grants at most ${MAX_GRANTS_OF_ROOT} others, ${MAX_DEPTH} deep`);
    }
    if (keys.length > MAX_PATTERNS_ONWARD) {
      throw new VaultError(
        'ERR_GRANT',
        `a port grants at most ${MAX_PATTERNS_ONWARD} ids or beginnings of ids at once`,
      );
    }
    const rate = rates.get(root) ?? createQuota({ perSecond: GRANTS_PER_SECOND }, GRANT_EXHAUSTED);
    rates.set(root, rate);
    if (rate.take(1, 0, performance.now()) === 0) return;
    throw new VaultError('ERR_GRANT', `a port grants at most ${GRANTS_PER_SECOND} others a second`);
  };

  const watchers = (except: Session | undefined): Port[] =>
    [...ports.values()].filter(({ session, watching }) => watching && session !== except);

  return {
    owner,
    get granted() {
      return ports.size - 1;
    },
    grant(by, grant, port) {
      const parent = ports.get(by);
      if (parent === undefined || by.isOver()) throw new VaultError('ERR_GRANT_REVOKED');
      const wider = by.grant === undefined ? undefined : whyWider(grant, by.grant);
      if (wider !== undefined) throw new VaultError('ERR_GRANT', wider);
      assertRoom(parent, grant);
      let child: Port | undefined;
      const lifetime =
        grant.expiresInMs === undefined
          ? undefined
          : createLifetime(
              { expiresInMs: grant.expiresInMs },
              () => false,
              () => child && end(child, 'expired'),
            );
      const session = makeSession(by, grant, () => by.isOver() || lifetime?.end() !== undefined);
      child = { session, port, children: new Set(), lifetime, unsaid: new Set(), watching: false };
      const made = child;
      ports.set(session, made);
      parent.children.add(made);
      port.on('close', () => end(made, 'closed'));
      serve(session, port);
      const { operations, keys } = grant;
      const told = { operations: operations.slice(0, TOLD_PATTERNS), keys: keys.slice(0, TOLD_PATTERNS) };
      onEvent({ type: 'granted', grant: session.number, ...told, patterns: keys.length });
      // Its other end was closed before it was served, and no event will tell.
      if ((port as { hasRef?: () => boolean }).hasRef?.() === false) end(made, 'closed');
      return session;
    },
    revoke(by, number) {
      const child = [...(ports.get(by)?.children ?? [])].find(({ session }) => session.number === number);
      if (child === undefined) throw new VaultError('ERR_GRANT', 'the port has made no such grant, or it is revoked');
      end(child, 'revoked');
    },
    deafen() {
      for (const { session, port } of ports.values()) if (session !== owner) port.removeAllListeners('message');
    },
    watch(session) {
      const port = ports.get(session);
      if (port !== undefined) port.watching = true;
    },
    tellChanged(entries, except) {
      for (const { session, port } of watchers(except)) {
        const changed = entries.filter(session.sees).map((entry): KeyRecord => recordFor(entry, session.grant));
        if (changed.length > 0) say(port, { notice: { changed } });
      }
    },
    tellGone(entries, reason, except) {
      for (const { session, port } of watchers(except)) {
        const gone = entries.filter(session.sees).map(({ info }) => ({ id: info.id, reason }));
        if (gone.length > 0) say(port, { notice: { gone } });
      }
    },
    tellLeft(entries, first) {
      for (const entry of entries) {
        for (const each of watchers(undefined)) if (each.session.sees(entry)) each.unsaid.add(entry);
      }
      const asked = ports.get(first);
      if (asked !== undefined) sayLeft(asked);
      leftTimer ??= setTimeout(sayLeftToAll, LEFT_MS).unref();
    },
    tellLocked(locked) {
      for (const { port } of watchers(undefined)) say(port, { notice: { locked } });
    },
    tellEvent(event) {
      if (ownerEnd.watching) say(ownerPort, { notice: { event } });
    },
    close(error) {
      clearTimeout(leftTimer);
      const fatal = toErrorRecord(error);
      for (const { session, port, lifetime } of ports.values()) {
        lifetime?.stop();
        if (session === owner) continue;
        say(port, { fatal });
        port.close();
      }
      ports.clear();
    },
  };
};

const depthOf = ({ parent }: Session): number => (parent === undefined ? 0 : 1 + depthOf(parent));

const isLimited = ({ perSecond, maxSignatures }: WireGrant): boolean =>
  perSecond !== undefined || maxSignatures !== undefined;

const say = (port: MessagePort, message: NoticeMessage | FatalMessage): void => port.postMessage(message);

const revoked = (reason: RevokeReason): ErrorRecord =>
  toErrorRecord(new VaultError('ERR_GRANT_REVOKED', reason === 'expired' ? "the port's grant has expired" : undefined));
