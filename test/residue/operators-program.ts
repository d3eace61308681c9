// The program whose vault works with keys that sign nothing, while its memory is read from outside. Keys come by files.
import { readSync } from 'node:fs';
import { type KeySpec, type Operator, openVault, type Vault } from 'strongroom';

/** Bytes as hex; of a custom operator the input itself. */
export type Input = Readonly<Record<string, string>> | string | undefined;

export type OperateCommand =
  | {
      readonly do: 'open';
      readonly keys: Readonly<Record<string, KeySpec>>;
      readonly operators: Readonly<Record<string, string>>;
    }
  /** So many calls at once: a few are done in the vault thread, thousands by the signers. */
  | {
      readonly do: 'execute';
      readonly id: string;
      readonly operator: string;
      readonly input: Input;
      readonly count: number;
    }
  | { readonly do: 'release' }
  | { readonly do: 'keep'; readonly bytes: number };

/** `answers`: the different ones, as hex. */
export interface OperateAnswer {
  readonly code?: string;
  readonly answers?: readonly string[];
}

type Answer = Uint8Array | { readonly publicKey: Uint8Array };

const kept: Buffer[] = [];
let vault: Vault | undefined;

const unpack = (input: Input): unknown =>
  typeof input !== 'object'
    ? input
    : Object.fromEntries(
        Object.entries(input).map(([name, value]) => [
          name,
          ['hash', 'path'].includes(name) ? value : new Uint8Array(Buffer.from(value, 'hex')),
        ]),
      );

const perform = async (command: OperateCommand): Promise<OperateAnswer> => {
  switch (command.do) {
    case 'open':
      vault = await openVault({ keys: command.keys, operators: command.operators, provider: 'native', threads: 2 });
      return {};
    case 'execute': {
      const { id, operator, input, count } = command;
      const execute = vault?.execute as (id: string, operator: Operator, input: unknown) => Promise<Answer>;
      const given = unpack(input);
      const calls = Array.from({ length: count }, () => execute(id, operator as Operator, given));
      const answers = (await Promise.all(calls)).map((answer) =>
        Buffer.from('publicKey' in answer ? answer.publicKey : answer).toString('hex'),
      );
      return { answers: [...new Set(answers)] };
    }
    case 'release':
      for (const { id } of vault?.keys() ?? []) await vault?.release(id);
      return {};
    case 'keep': {
      const bytes = Buffer.alloc(command.bytes);
      for (let at = 0; at < bytes.length; ) at += readSync(0, bytes, at, bytes.length - at, null);
      kept.push(bytes);
      return {};
    }
  }
};

process.on('message', (command: OperateCommand) => {
  perform(command)
    .catch(
      (error: { readonly code?: string; readonly message: string }): OperateAnswer => ({
        code: error.code ?? error.message,
      }),
    )
    .then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
