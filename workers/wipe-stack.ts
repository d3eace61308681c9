// Overwrites what native calls leave on this thread's stack. Compilers drop the zeroing of variables that are not read
// again, so frames of libsecp256k1 keep scalars, nonces among them, until something else uses that stretch.

/**
 * Arguments of a call lie on the stack, one word each, whatever the engine has optimised: zeros for as much as the
 * libraries' calls were seen to reach, four times over.
 */
const WORDS = 4096;
const zeros: readonly number[] = new Array<number>(WORDS).fill(0);

/** Takes more arguments than it names, and uses none. */
const ignore = (): void => undefined;

/**
 * Zero 32 KiB of this thread's stack below the caller. It does not reach registers, nor frames above: call it from where
 * the native calls were made, or nearer to the thread's entry, after they have returned.
 */
export const wipeStack = (): void => {
  Reflect.apply(ignore, undefined, zeros);
};
