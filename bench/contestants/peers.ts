// Everybody whom the vault is compared with, in the order of the report.
import { noble } from './noble.js';
import { nodeCrypto, nodeCryptoCallbacks, webCrypto } from './node-crypto.js';
import type { Peer } from './peer.js';
import { piscina } from './piscina.js';
import { softHsm } from './softhsm.js';
import { sshAgent } from './ssh-agent.js';

export const PEERS: readonly Peer[] = [noble, nodeCrypto, nodeCryptoCallbacks, webCrypto, piscina, sshAgent, softHsm];
