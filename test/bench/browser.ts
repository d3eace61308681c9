// A Chromium for tests that look at a page as its readers do: found, not installed, and spoken to through a pipe.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup } from '../support/child.js';
import { tempFolder } from '../support/temp.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** CHROME_PATH, or the first that the PATH has. */
export const findBrowser = (): string | undefined => {
  const { CHROME_PATH, PATH = '' } = process.env;
  if (CHROME_PATH !== undefined && CHROME_PATH !== '') return CHROME_PATH;
  return PATH.split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(isProgram);
};

type Params = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
}

export interface Tab {
  /** Open a page, in a window of that width, and wait until it is loaded. */
  open(url: string, width: number): Promise<void>;
  setScheme(scheme: 'light' | 'dark'): Promise<void>;
  setWidth(width: number): Promise<void>;
  point(x: number, y: number): Promise<void>;
  /** The value of an expression in the page. */
  evaluate<T>(expression: string): Promise<T>;
  /** Wait until an expression is true in the page. @throws {Error} after a while. */
  until(expression: string): Promise<void>;
  /** What the console and the browser's log said since the last open(), and what the page asked the network for. */
  readonly said: readonly string[];
  readonly requested: readonly string[];
  close(): Promise<void>;
}

const HEIGHT = 1_000;
const PATIENCE_MS = 15_000;

/** One end of DevTools' protocol: messages that end with a zero byte. */
const talk = (child: ChildProcess, listen: (method: string, params: Params) => void) => {
  const input = child.stdio[3] as Writable;
  const output = child.stdio[4] as Readable;
  const waiting = new Map<number, { resolve(result: Params): void; reject(error: Error): void }>();
  let sent = 0;
  let rest = '';
  const take = ({ id, method, params, result, error }: Message): void => {
    if (method !== undefined) listen(method, params ?? {});
    const call = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || call === undefined) return;
    waiting.delete(id);
    if (error === undefined) call.resolve(result ?? {});
    else call.reject(new Error(error.message));
  };
  output.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop()!;
    for (const message of messages) take(JSON.parse(message) as Message);
  });
  input.on('error', () => undefined); // it ended: the calls that wait are told below
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the browser ended (${code ?? signal})`));
  });
  return (method: string, params: Params = {}, sessionId?: string): Promise<Params> =>
    new Promise((resolve, reject) => {
      const id = ++sent;
      waiting.set(id, { resolve, reject });
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
};

interface LogEntry {
  readonly text: string;
}
interface ConsoleArgument {
  readonly value?: unknown;
  readonly description?: string;
}

export const startBrowser = async (program: string): Promise<Tab> => {
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-breakpad',
    '--remote-debugging-pipe',
  ];
  const child = spawn(program, [...flags, `--user-data-dir=${tempFolder()}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  process.on('exit', kill);
  await once(child, 'spawn');

  let said: string[] = [];
  let requested: string[] = [];
  let loaded = (): void => undefined;
  const call = talk(child, (method, params) => {
    if (method === 'Page.loadEventFired') loaded();
    else if (method === 'Network.requestWillBeSent') requested.push((params.request as { readonly url: string }).url);
    else if (method === 'Log.entryAdded') said.push((params.entry as LogEntry).text);
    else if (method === 'Runtime.exceptionThrown') said.push(JSON.stringify(params.exceptionDetails));
    else if (method === 'Runtime.consoleAPICalled') {
      const texts = (params.args as readonly ConsoleArgument[]).map(({ value, description }) => value ?? description);
      said.push(texts.join(' '));
    }
  });
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const send = (method: string, params?: Params): Promise<Params> => call(method, params, sessionId as string);
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await send(`${domain}.enable`);

  const tab: Tab = {
    async open(url, width) {
      await tab.setWidth(width);
      said = [];
      requested = [];
      const done = new Promise<void>((resolve) => {
        loaded = resolve;
      });
      await send('Page.navigate', { url });
      await done;
    },
    async setScheme(value) {
      await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
    },
    async setWidth(width) {
      const metrics = { width, height: HEIGHT, deviceScaleFactor: 1, mobile: false };
      await send('Emulation.setDeviceMetricsOverride', metrics);
    },
    async point(x, y) {
      await send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
    },
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { readonly value: T }).value;
    },
    async until(expression) {
      const end = performance.now() + PATIENCE_MS;
      while (!(await tab.evaluate<boolean>(expression))) {
        if (performance.now() > end) throw new Error(`never true in the page: ${expression}`);
        await sleep(20);
      }
    },
    get said() {
      return said;
    },
    get requested() {
      return requested;
    },
    async close() {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      // The answer may come or not: it goes.
      call('Browser.close').catch(() => undefined);
      await Promise.race([exited, sleep(PATIENCE_MS, undefined, { ref: false })]);
      kill();
      process.off('exit', kill);
    },
  };
  return tab;
};
