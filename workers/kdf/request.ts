// What a key derivation from a password is asked for. Parameters and salts are public: they stand in the file that the
// password opens. The password and the derived key are arena memory and travel apart from this.

/** scrypt (RFC 7914): `n` is a power of two. */
export interface ScryptRequest {
  readonly kdf: 'scrypt';
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
}

/** PBKDF2 (RFC 8018 §5.2) with HMAC. */
export interface Pbkdf2Request {
  readonly kdf: 'pbkdf2';
  readonly hash: 'sha256' | 'sha512';
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** Argon2id version 1.3 (RFC 9106) with one lane. */
export interface Argon2idRequest {
  readonly kdf: 'argon2id';
  readonly passes: number;
  readonly memoryKiB: number;
  readonly salt: Uint8Array;
}

export type KdfRequest = ScryptRequest | Pbkdf2Request | Argon2idRequest;

/** What one derivation may cost. */
export interface KdfLimits {
  /** Bytes that the derivation may allocate. */
  readonly maxMemory: number;
  /**
   * PBKDF2's iterations, scrypt's n × p × r / 8 (eight times that where OpenSSL refuses the parameters) and 2 × p × r, or
   * Argon2id's passes × KiB: at most this many.
   */
  readonly maxWork: number;
}
