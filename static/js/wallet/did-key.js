// @ts-check
/** `did:key` of a P-256 public key: the multicodec 0x1200, the compressed point, base58btc. */

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function base58(bytes) {
  let number = 0n;
  for (const byte of bytes) number = (number << 8n) | BigInt(byte);
  let text = "";
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return "1".repeat(zeros < 0 ? bytes.length : zeros) + text;
}

/**
 * @param {Uint8Array} point uncompressed, 65 bytes: 0x04 ‖ x ‖ y
 * @returns {string}
 */
export function didKey(point) {
  if (point.length !== 65 || point[0] !== 4) throw new TypeError("not an uncompressed P-256 point");
  const compressed = new Uint8Array(35);
  compressed.set([0x80, 0x24, 2 + (point[64] & 1)]);
  compressed.set(point.subarray(1, 33), 3);
  return `did:key:z${base58(compressed)}`;
}
