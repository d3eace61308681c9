// The languages of mnemonics: the word lists of BIP-39, by name.

/** The word lists that a mnemonic may be of; the first is the default. */
export const MNEMONIC_LANGUAGES = [
  'english',
  'chinese-simplified',
  'chinese-traditional',
  'czech',
  'french',
  'italian',
  'japanese',
  'korean',
  'portuguese',
  'spanish',
] as const;
export type MnemonicLanguage = (typeof MNEMONIC_LANGUAGES)[number];
