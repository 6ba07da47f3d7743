// @ts-check
/** EIP-712 § encodeData for single values: 32 bytes each, or a refusal. */

import { keccak_256 } from "../../vendor/noble/sha3.js";

const INTEGER = /^(u?)int([1-9][0-9]{0,2})$/;
const BYTES_N = /^bytes([1-9]|[12][0-9]|3[0-2])$/;

/** Typed data that has no digest; the message names the field. */
export class TypedDataInvalid extends Error {}

/**
 * Whether a type stands for one value; aliases like `uint` do not exist in signatures.
 * @param {string} type
 */
export function isAtomic(type) {
  const bits = Number(INTEGER.exec(type)?.[2]);
  const isInteger = bits % 8 === 0 && bits <= 256;
  return isInteger || ["address", "bool", "string", "bytes"].includes(type) || BYTES_N.test(type);
}

/**
 * @param {unknown} value 0x-hex or bytes
 * @param {string} path
 */
function toBytes(value, path) {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string" || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) throw new TypedDataInvalid(`${path}: not bytes`);
  return Uint8Array.from(value.slice(2).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * @param {unknown} value bigint, safe integer, or a decimal or 0x-hex string
 * @param {string} path
 */
function toInteger(value, path) {
  const isText = typeof value === "string" && /^(?:-?[0-9]{1,78}|0x[0-9a-fA-F]{1,64})$/.test(value);
  if (typeof value === "bigint") return value;
  if (isText || Number.isSafeInteger(value)) return BigInt(/** @type {string | number} */ (value));
  throw new TypedDataInvalid(`${path}: not an integer`);
}

/**
 * @param {bigint} number two's complement when negative
 * @returns {Uint8Array} 32 bytes, big-endian
 */
function word(number) {
  const hex = BigInt.asUintN(256, number).toString(16).padStart(64, "0");
  return toBytes(`0x${hex}`, "");
}

/**
 * @param {string} type an atomic one
 * @param {unknown} value
 * @param {string} path
 * @returns {Uint8Array} 32 bytes
 */
export function encodeAtom(type, value, path) {
  const [, unsigned, bits] = INTEGER.exec(type) ?? [];
  if (bits) {
    const number = toInteger(value, path);
    const fits = unsigned ? BigInt.asUintN(Number(bits), number) : BigInt.asIntN(Number(bits), number);
    if (fits !== number) throw new TypedDataInvalid(`${path}: out of the range of ${type}`);
    return word(number);
  }
  if (type === "bool") {
    if (typeof value !== "boolean") throw new TypedDataInvalid(`${path}: not a bool`);
    return word(value ? 1n : 0n);
  }
  if (type === "string") {
    if (typeof value !== "string" || /\p{Cs}/u.test(value)) throw new TypedDataInvalid(`${path}: not a text`);
    return keccak_256(new TextEncoder().encode(value));
  }
  const bytes = toBytes(value, path);
  if (type === "bytes") return keccak_256(bytes);
  const length = type === "address" ? 20 : Number(type.slice(5));
  if (bytes.length !== length) throw new TypedDataInvalid(`${path}: ${bytes.length} bytes, ${type} has ${length}`);
  const padded = new Uint8Array(32);
  padded.set(bytes, type === "address" ? 12 : 0);
  return padded;
}
