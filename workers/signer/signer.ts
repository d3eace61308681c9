// The entry of a signer thread: what Piscina runs. It reads keys in place from the arena that `workerData` shares,
// signs batches, and drops what it keeps for a key when the vault says so. It never decides anything.
import '../no-report.js';
import { setTimeout } from 'node:timers/promises';
import { threadId, workerData } from 'node:worker_threads';
import { move } from 'piscina';
import type { ErrorRecord } from '../../src/errors.js';
import type { WireOperator } from '../../src/wire/custom-operators.js';
import { handedOver } from '../../src/wire/frame.js';
import type { ProviderName } from '../../src/wire/types.js';
import { openHalting } from '../arena/halt.js';
import type { ArenaLayout } from '../arena/layout.js';
import { openSeats, type Seat } from '../arena/seats.js';
import { openSlots } from '../arena/slots.js';
import { loadOperators } from '../custom/load.js';
import { createKdfs, type Kdfs } from '../kdf/derive.js';
import { loadOperatorTools } from '../operators/operators.js';
import { chooseProviders } from '../providers/choose.js';
import { loadSodium } from '../providers/native/load.js';
import { tellResidue } from '../providers/residue.js';
import { restAll } from '../providers/rest.js';
import { wipeStack } from '../wipe-stack.js';
import { type DeriveTask, deriveInLane } from './derive-key.js';
import { forgetReleasedKeys } from './forget.js';
import { type OperateOutcome, type OperateTask, operateOn } from './operate.js';
import { type SigningContext, signOperations } from './sign-operations.js';

/** No secret: a handle to shared memory, and facts. */
export interface SignerData {
  readonly buffer: SharedArrayBuffer;
  readonly layout: ArenaLayout;
  readonly provider: 'auto' | ProviderName;
  readonly verifyAfterSign: boolean;
  /** Operators of the settings that work in signers. */
  readonly operators: readonly WireOperator[];
  readonly lock: 'require' | 'warn' | 'off';
}

export interface SignTask {
  /** Names the batch, while it is signed, to whoever must know under what a signer died. Not 0. */
  readonly batch: number;
  readonly operations: ArrayBuffer;
  readonly count: number;
}

const SEAT_ATTEMPTS = 100;
const SEAT_RETRY_MS = 20;

const { buffer, layout, provider, verifyAfterSign, operators, lock } = workerData as SignerData;
const seats = openSeats(buffer, layout);
const seat = await takeSeat();
const halting = openHalting(buffer, layout);
halting.begin(seat, 0); // loading native libraries is native work
const { providers } = await chooseProviders(provider, { verifying: verifyAfterSign });
const context: SigningContext = {
  slots: openSlots(buffer, layout),
  providers,
  operators: await loadOperatorTools(provider),
  scratch: seat.scratch,
  verifyAfterSign,
  pause() {
    if (!halting.isAsked(seat)) return;
    restAll(providers);
    halting.look(seat);
  },
};
const custom = await loadOperators(operators, { lock });
halting.end(seat);
void forgetReleasedKeys(seats, seat, providers);
tellResidue(buffer, providers);
seats.markReady(seat);

/** The seat of a thread that has just ended is free once the vault thread has noticed. */
async function takeSeat(): Promise<Seat> {
  for (let attempt = 0; attempt < SEAT_ATTEMPTS; attempt++) {
    const seat = seats.take(threadId);
    if (seat !== undefined) return seat;
    await setTimeout(SEAT_RETRY_MS);
  }
  throw new Error('every seat in the arena is taken');
}

let kdfs: Promise<Kdfs> | undefined;

/** Derive one key from a password: from a lane of the arena to the same lane. */
export const deriveKey = async (task: DeriveTask): Promise<ErrorRecord | undefined> => {
  kdfs ??= createKdfs(provider === 'noble' ? undefined : loadSodium());
  const loaded = await kdfs;
  halting.begin(seat, 0);
  try {
    return deriveInLane(task, buffer, layout, seat.scratch, loaded);
  } finally {
    wipeStack(); // Argon2id's key lies there
    halting.end(seat);
  }
};

/** Let an operator of the settings work with a key. */
export const operate = (task: OperateTask): OperateOutcome => {
  halting.begin(seat, 0);
  try {
    return operateOn(task, custom, context.slots);
  } finally {
    halting.end(seat);
  }
};

/** Sign one batch. A large reply is handed back, a small one copied. */
export const signBatch = ({ batch, operations, count }: SignTask): ArrayBuffer => {
  halting.begin(seat, batch);
  try {
    const reply = signOperations(operations, count, context);
    return handedOver([reply]).length === 0 ? reply : (move(reply) as ArrayBuffer);
  } finally {
    halting.end(seat);
  }
};
