// Stands in for what age can do and our letters never use: passphrases, hardware keys, post-quantum keys. It halves the bundle.
const absent = () => {
  throw new Error("not in this bundle");
};
export const scrypt = absent;
export const p256 = absent;
export const MLKEM768P256 = absent;
export const MLKEM768X25519 = absent;
