// Must be loaded before uvu: with UVU_DEFER set, uvu leaves it to us to start a suite. Left alone it starts on a timer,
// and runs suites twice when a file awaits something between two of them.
declare global {
  var UVU_DEFER: number | undefined;
  var UVU_QUEUE: unknown[][];
}

globalThis.UVU_DEFER = 1;

export {};
