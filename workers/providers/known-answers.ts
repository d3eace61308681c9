// Published known answers for the self-test at start. The keys here are public, from the named standards: never use one.
import type { HashName, KeyType, Scheme } from '../../src/wire/types.js';

export interface KnownSignature {
  readonly scheme: Scheme;
  readonly message: Uint8Array;
  readonly auxRand?: Uint8Array;
  readonly signature: Uint8Array;
}

export interface KnownKey {
  readonly type: KeyType;
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly signatures: readonly KnownSignature[];
}

const hex = (...digits: readonly string[]): Uint8Array => Uint8Array.from(Buffer.from(digits.join(''), 'hex'));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const SATOSHI_DIGEST = hex('a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e');
const SATOSHI_SIGNATURE = [
  '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8',
  '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
] as const;
const ETH_SIGNATURE = hex(
  'b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb515809',
  '0352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55',
);

export const KNOWN_KEYS: readonly KnownKey[] = [
  {
    // RFC 8032 §7.1, TEST 3
    type: 'ed25519',
    secret: hex('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7'),
    publicKey: hex('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025'),
    signatures: [
      {
        scheme: 'ed25519',
        message: hex('af82'),
        signature: hex(
          '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac',
          '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
        ),
      },
    ],
  },
  {
    // RFC 6979 over secp256k1, key 1, SHA-256 of "Satoshi Nakamoto": the answer that Bitcoin's libraries share
    type: 'secp256k1',
    secret: hex('0000000000000000000000000000000000000000000000000000000000000001'),
    publicKey: hex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
    signatures: [
      { scheme: 'ecdsa', message: SATOSHI_DIGEST, signature: hex(...SATOSHI_SIGNATURE) },
      { scheme: 'ecdsa-recoverable', message: SATOSHI_DIGEST, signature: hex(...SATOSHI_SIGNATURE, '01') },
    ],
  },
  {
    // BIP-340, vector 3: a key whose point has an odd y
    type: 'secp256k1',
    secret: hex('0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710'),
    publicKey: hex('0325d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517'),
    signatures: [
      {
        scheme: 'schnorr',
        message: hex('ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'),
        auxRand: hex('ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'),
        signature: hex(
          '7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec',
          '97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3',
        ),
      },
    ],
  },
  {
    // Ethereum's BLS tests, sign_case_c82df61aa3ee60fb
    type: 'bls12-381',
    secret: hex('263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3'),
    publicKey: hex('a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a'),
    signatures: [{ scheme: 'bls12-381', message: new Uint8Array(32), signature: ETH_SIGNATURE }],
  },
  {
    // RFC 7748 §6.1, Alice
    type: 'x25519',
    secret: hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
    publicKey: hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'),
    signatures: [],
  },
  {
    // BIP-32, test vector 1: the shortest seed
    type: 'seed',
    secret: hex('000102030405060708090a0b0c0d0e0f'),
    publicKey: new Uint8Array(),
    signatures: [],
  },
  {
    // BIP-32, test vector 2: the longest
    type: 'seed',
    secret: hex(
      'fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a2' +
        '9f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542',
    ),
    publicKey: new Uint8Array(),
    signatures: [],
  },
  {
    // draft-irtf-cfrg-xchacha-03, A.3.1
    type: 'aead',
    secret: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
    publicKey: new Uint8Array(),
    signatures: [],
  },
  {
    // RFC 4231 §4.2
    type: 'hmac',
    secret: hex('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b'),
    publicKey: new Uint8Array(),
    signatures: [],
  },
  {
    // RFC 4868 §2.7.2.3: the longest
    type: 'hmac',
    secret: new Uint8Array(64).fill(0x0b),
    publicKey: new Uint8Array(),
    signatures: [],
  },
];

/** Ethereum's BLS tests, aggregate_0x00…00: three signatures and the one that stands for them. */
export const KNOWN_AGGREGATE: { readonly signatures: readonly Uint8Array[]; readonly aggregate: Uint8Array } = {
  signatures: [
    ETH_SIGNATURE,
    hex(
      'b23c46be3a001c63ca711f87a005c200cc550b9429d5f4eb38d74322144f1b63926da3388979e5321012fb1a0526bcd1',
      '00b5ef5fe72628ce4cd5e904aeaa3279527843fae5ca9ca675f4f51ed8f83bbf7155da9ecc9663100a885d5dc6df96d9',
    ),
    hex(
      '948a7cb99f76d616c2c564ce9bf4a519f1bea6b0a624a02276443c245854219fabb8d4ce061d255af5330b078d538068',
      '1751aa7053da2c98bae898edc218c75f07e24d8802a17cd1f6833b71e58f5eb5b94208b4d0bb3848cecb075ea21be115',
    ),
  ],
  aggregate: hex(
    '9683b3e6701f9a4b706709577963110043af78a5b41991b998475a3d3fd62abf35ce03b33908418efc95a058494a8ae5',
    '04354b9f626231f6b3f3c849dfdeaf5017c4780e2aee1850ceaf4b4d9ce70971a3d2cfcd97b7e5ecf6759f8da5f76d31',
  ),
};

/** SHA-256 of 2,048 times the letter a: long messages take another way. */
export const KNOWN_LONG_DIGEST: { readonly message: Uint8Array; readonly sha256: Uint8Array } = {
  message: ascii('a'.repeat(2048)),
  sha256: hex('b2a3a502fdfc34f4e3edfa94b7f3109cd972d87a4fec63ab21a6673379ccf7ad'),
};

/** FIPS 180-4 (and its result hashed again), and the keccak256 of Ethereum: of "abc". */
export const KNOWN_DIGESTS: { readonly message: Uint8Array; readonly digests: Readonly<Record<HashName, Uint8Array>> } =
  {
    message: ascii('abc'),
    digests: {
      sha256: hex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
      sha256d: hex('4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358'),
      keccak256: hex('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45'),
    },
  };
