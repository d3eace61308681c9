// Runs in the page before anything else: what goes wrong there is written upon <html>, for whoever tests the page.
import type { PageEvent, PageWindow } from './dom.js';

declare const window: PageWindow;

const root = window.document.documentElement;
const record = (text: string): void => {
  root.dataset.problems = `${root.dataset.problems ?? ''}${text}\n`;
};

window.addEventListener(
  'error',
  ({ message }: PageEvent) => record(`error: ${message ?? 'something did not load'}`),
  true,
);
window.addEventListener('unhandledrejection', ({ reason }) => record(`rejection: ${String(reason)}`));
window.document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  record(`policy: ${violatedDirective} ${blockedURI}`),
);
