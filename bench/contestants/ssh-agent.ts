// ssh-agent: keys in a process of their own, over a socket. An agent is started for the run, and has the run's key only.
// It answers in the order of the requests, which may follow each other without waiting.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownFolder, ownProcess } from './outside.js';
import { concurrentEntry, type Peer } from './peer.js';

/** The agent protocol's message numbers: RFC 9987. */
const SUCCESS = 6;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const ADD_IDENTITY = 17;

const ALGORITHM = 'ssh-ed25519';
const SIGNATURE_BYTES = 64;
const LENGTH_BYTES = 4;

const START_MS = 3_000;
const LOOK_MS = 20;
/** An agent that does not answer for this long never will. */
const SILENCE_MS = 5_000;

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
/** A string as SSH writes it: RFC 4251 §5. */
const string = (value: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
};

interface Agent {
  add(secret: Uint8Array, publicKey: Uint8Array): Promise<void>;
  sign(message: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

interface Waiting {
  resolve(answer: Buffer): void;
  reject(error: Error): void;
}

/** Talk to an agent, with one ed25519 key. */
const createAgent = (socket: Socket, publicKey: Uint8Array): Agent => {
  const waiting: Waiting[] = [];
  let head = 0;
  let failure: Error | undefined;
  let rest: Buffer = Buffer.alloc(0);

  const fail = (error: Error): void => {
    failure ??= error;
    for (const { reject } of waiting.splice(0).slice(head)) reject(failure);
    head = 0;
  };
  const next = (): Waiting => {
    const first = waiting[head++]!;
    if (head === waiting.length) {
      waiting.length = 0;
      head = 0;
    }
    return first;
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the agent closed its socket')));
  socket.setTimeout(SILENCE_MS, () => {
    if (waiting.length > 0) socket.destroy(new Error(`the agent was silent for ${SILENCE_MS} ms`));
  });
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      next().resolve(bytes.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    rest = bytes.subarray(at);
  });

  /** Requests of one turn leave in one write. */
  let corked = false;
  const uncork = (): void => {
    corked = false;
    socket.uncork();
  };
  const request = (...parts: Uint8Array[]): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) return reject(failure);
      waiting.push({ resolve, reject });
      if (!corked) {
        corked = true;
        socket.cork();
        setImmediate(uncork);
      }
      socket.write(string(Buffer.concat(parts)));
    });

  const blob = string(Buffer.concat([string(ALGORITHM), string(publicKey)]));
  const signHead = Buffer.concat([Uint8Array.of(SIGN_REQUEST), blob]);
  const noFlags = uint32(0);
  /** Its type, and a string that holds two strings: the algorithm, and the signature at the end. */
  const signResponseBytes = 1 + 4 + (4 + ALGORITHM.length) + (4 + SIGNATURE_BYTES);

  return {
    async add(secret) {
      const both = Buffer.concat([secret, publicKey]); // RFC 9987 §5.2.3: k ‖ ENC(A)
      const answer = await request(
        Uint8Array.of(ADD_IDENTITY),
        string(ALGORITHM),
        string(publicKey),
        string(both),
        string('strongroom benchmark'),
      );
      if (answer[0] !== SUCCESS) throw new Error(`the agent took no key (answer ${answer[0]})`);
    },
    async sign(message) {
      const answer = await request(signHead, string(message), noFlags);
      if (answer[0] !== SIGN_RESPONSE || answer.length !== signResponseBytes) {
        throw new Error(`the agent did not sign (answer ${answer[0]}, ${answer.length} bytes)`);
      }
      return Uint8Array.from(answer.subarray(-SIGNATURE_BYTES));
    },
    close: () => void socket.destroy(),
  };
};

/** Its socket, as soon as it is there. */
const connectTo = async (path: string, isOver: () => boolean): Promise<Socket> => {
  for (const begun = performance.now(); ; await sleep(LOOK_MS)) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      socket.destroy();
      if (isOver()) throw new Error('ssh-agent ended when it was started');
      if (performance.now() - begun > START_MS) throw error;
    }
  }
};

export const sshAgent: Peer = {
  name: 'ssh-agent',
  schemes: ['ed25519'],
  async open({ secret, publicKey, messages, inFlight }) {
    if (process.platform === 'win32') return { absent: 'it is not started on Windows' };
    const folder = ownFolder();
    const path = join(folder.path, 'agent');
    const child = spawn('ssh-agent', ['-D', '-a', path], { stdio: 'ignore' });
    const started = await once(child, 'spawn').catch((error: NodeJS.ErrnoException) => error);
    if (started instanceof Error) {
      folder.remove();
      return { absent: `ssh-agent cannot be started (${(started as NodeJS.ErrnoException).code}); is it installed?` };
    }
    const end = ownProcess(child, () => void child.kill('SIGTERM'));
    let agent: Agent | undefined;
    const close = async (): Promise<void> => {
      agent?.close();
      await end();
      folder.remove();
    };
    try {
      agent = createAgent(await connectTo(path, () => child.exitCode !== null || child.signalCode !== null), publicKey);
      const { add, sign } = agent;
      await add(secret, publicKey);
      const [first] = messages.plain;
      await Promise.all([sign(first!), sign(first!)]); // an old agent would never answer the second
      const label = (calls: string): string => `ssh-agent, ${calls} in flight`;
      return { entries: [concurrentEntry(label, inFlight, messages.plain, sign)], close };
    } catch (error) {
      await close();
      throw error;
    }
  },
};
