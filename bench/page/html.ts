// Text into HTML. Names, reasons and versions are data: whatever a template is given is escaped, unless a template made it.

/** No JSON has such a key: data cannot pass for markup, whatever its shape. */
const MADE: unique symbol = Symbol('made here');

/** HTML that only `html` and `trusted` make. */
export interface Markup {
  readonly [MADE]: true;
  readonly markup: string;
}

export type Content = string | number | Markup | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For the content of an element, of HTML or XML, and for an attribute in quotes. */
export const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

const render = (content: Content): string => {
  if (content === undefined) return '';
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  return MADE in content ? content.markup : content.map(render).join('');
};

export const html = (parts: TemplateStringsArray, ...contents: readonly Content[]): Markup => ({
  [MADE]: true,
  markup: parts.map((part, i) => part + render(contents[i])).join(''),
});

/** What is HTML already, and ours: styles and scripts. */
export const trusted = (markup: string): Markup => ({ [MADE]: true, markup });

/** JSON for a script element that holds data: nothing in it ends the element or begins a comment. */
export const embedJson = (value: unknown): Markup => trusted(JSON.stringify(value).replace(/</g, '\\u003c'));
