// What Piscina loads. It takes a CommonJS file by require, but an ES module only by way of `new Function`, which a
// process under --disallow-code-generation-from-strings does not have. It leads to the signer, and does nothing else.
const signer = import('./signer.js');
module.exports = {
  signBatch: signer.then(({ signBatch }) => signBatch),
  deriveKey: signer.then(({ deriveKey }) => deriveKey),
  operate: signer.then(({ operate }) => operate),
};
