// What the vault tells unasked, kept until somebody listens.
import type { NoticeMessage } from './wire/protocol.js';

type Notice = NoticeMessage['notice'];

export interface Notices {
  receive(message: NoticeMessage): void;
  listen(listener: (notice: Notice) => void): void;
}

export const createNotices = (): Notices => {
  const early: Notice[] = [];
  let listener: ((notice: Notice) => void) | undefined;
  return {
    receive({ notice }) {
      if (listener === undefined) early.push(notice);
      else listener(notice);
    },
    listen(given) {
      listener = given;
      for (const notice of early.splice(0)) given(notice);
    },
  };
};
