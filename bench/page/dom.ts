// The little of the browser that the page's scripts use. node's types leave it out, and the DOM's own would let all of
// the benchmark believe that it runs in a browser.
export interface PageElement {
  readonly dataset: Record<string, string | undefined>;
  readonly style: { height: string };
  readonly clientWidth: number;
  readonly isConnected: boolean;
  textContent: string | null;
  className: string;
  append(...children: readonly PageElement[]): void;
}

export interface PageEvent {
  readonly message?: string;
  readonly reason?: unknown;
  readonly violatedDirective?: string;
  readonly blockedURI?: string;
}

type Listen = (type: string, listener: (event: PageEvent) => void, capture?: boolean) => void;

export interface PageDocument {
  readonly documentElement: PageElement;
  readonly addEventListener: Listen;
  createElement(tag: string): PageElement;
  getElementById(id: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

export interface PageWindow {
  readonly document: PageDocument;
  readonly addEventListener: Listen;
  requestAnimationFrame(callback: () => void): number;
  matchMedia(query: string): { readonly matches: boolean; readonly addEventListener: Listen };
  readonly ResizeObserver: new (
    listener: (entries: readonly { readonly target: PageElement }[]) => void,
  ) => { observe(element: PageElement): void };
}
