// The private keys that a browser's own X25519 refuses. age's library computes the same itself where a browser says
// NotSupportedError, and gives up at any other error. WebKitGTK 2.48 answers DataError for one key in 256, those whose first
// byte is zero (`pkcs8`): every tenth letter was not sent, and a receipt with such a key could never open its answer there.
const NAME = "X25519";

export function computeWhatIsRefused(subtle) {
  const importKey = subtle.importKey.bind(subtle);
  const deriveBits = subtle.deriveBits.bind(subtle);
  subtle.importKey = (format, key, algorithm, ...more) => orUnsupported(algorithm, importKey(format, key, algorithm, ...more));
  subtle.deriveBits = (algorithm, ...more) => orUnsupported(algorithm, deriveBits(algorithm, ...more));
}

function orUnsupported(algorithm, answer) {
  return algorithm.name === NAME ? answer.catch(unsupported) : answer;
}

function unsupported(error) {
  throw new DOMException(error.message, "NotSupportedError");
}
