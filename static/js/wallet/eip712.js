// @ts-check
/**
 * EIP-712: the digest of typed data, as wallets and contracts compute it. Strict where the
 * standard leaves room: no missing or additional fields, no values out of range, no aliases.
 */

import { keccak_256 } from "../../vendor/noble/sha3.js";
import { TypedDataInvalid, encodeAtom, isAtomic } from "./eip712-values.js";

export { TypedDataInvalid };

/**
 * @typedef {{name: string, type: string}} Field
 * @typedef {Record<string, Field[]>} Types
 * @typedef {Record<string, unknown>} Struct
 * @typedef {{types: Types, primaryType: string, domain: Struct, message: Struct}} TypedData
 */

const NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const ARRAY = /^(.+)\[([1-9][0-9]{0,8})?\]$/;
const DEEPEST = 64;
/** @type {Field[]} in the standard's order */
const DOMAIN_FIELDS = [
  { name: "name", type: "string" },
  { name: "version", type: "string" },
  { name: "chainId", type: "uint256" },
  { name: "verifyingContract", type: "address" },
  { name: "salt", type: "bytes32" },
];

/** @param {string} text */
const utf8 = (text) => new TextEncoder().encode(text);

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * A type without its array brackets.
 * @param {string} type
 */
function baseOf(type) {
  let base = type;
  for (let inner = ARRAY.exec(base); inner; inner = ARRAY.exec(base)) base = inner[1];
  return base;
}

/** @param {Types} types */
function checkTypes(types) {
  for (const [name, fields] of Object.entries(types)) {
    if (!NAME.test(name) || isAtomic(name)) throw new TypedDataInvalid(`${name}: no name for a struct`);
    if (!Array.isArray(fields)) throw new TypedDataInvalid(`${name}: its fields are no list`);
    if (new Set(fields.map((field) => field.name)).size !== fields.length) {
      throw new TypedDataInvalid(`${name}: two fields have one name`);
    }
    for (const field of fields) {
      const base = typeof field.type === "string" ? baseOf(field.type) : "";
      const isKnown = isAtomic(base) || Object.hasOwn(types, base);
      if (!NAME.test(field.name) || !isKnown) throw new TypedDataInvalid(`${name}.${field.name}: unknown type ${field.type}`);
    }
  }
}

/**
 * The type's signature with those it refers to, sorted, after it (§ encodeType).
 * @param {Types} types
 * @param {string} primary
 */
export function encodeType(types, primary) {
  const found = new Set([primary]);
  for (const name of found) {
    for (const field of types[name]) if (Object.hasOwn(types, baseOf(field.type))) found.add(baseOf(field.type));
  }
  const [first, ...others] = found;
  return [first, ...others.sort()]
    .map((name) => `${name}(${types[name].map((field) => `${field.type} ${field.name}`).join(",")})`)
    .join("");
}

/**
 * @param {Types} types
 * @param {string} type
 * @param {unknown} value
 * @param {string} path
 * @param {number} depth
 * @returns {Uint8Array} 32 bytes (§ encodeData)
 */
function encodeValue(types, type, value, path, depth) {
  if (depth > DEEPEST) throw new TypedDataInvalid(`${path}: nested too deeply`);
  const [, inner, length] = ARRAY.exec(type) ?? [];
  if (inner) {
    if (!Array.isArray(value)) throw new TypedDataInvalid(`${path}: not a list`);
    if (length && value.length !== Number(length)) throw new TypedDataInvalid(`${path}: ${value.length} items, ${type} has ${length}`);
    return keccak_256(joined(Array.from(value, (item, i) => encodeValue(types, inner, item, `${path}[${i}]`, depth + 1))));
  }
  return Object.hasOwn(types, type)
    ? hashStruct(types, type, value, path, depth + 1)
    : encodeAtom(type, value, path);
}

/**
 * @param {Types} types
 * @param {string} type
 * @param {unknown} value
 * @param {string} path
 * @param {number} depth
 * @returns {Uint8Array} 32 bytes (§ hashStruct)
 */
function hashStruct(types, type, value, path, depth) {
  if (typeof value !== "object" || value === null) throw new TypedDataInvalid(`${path}: not a ${type}`);
  const fields = types[type];
  const strange = Object.keys(value).find((key) => !fields.some((field) => field.name === key));
  if (strange !== undefined) throw new TypedDataInvalid(`${path}.${strange}: no field of ${type}`);
  const encoded = fields.map((field) => {
    if (!Object.hasOwn(value, field.name)) throw new TypedDataInvalid(`${path}.${field.name}: missing`);
    return encodeValue(types, field.type, /** @type {Struct} */ (value)[field.name], `${path}.${field.name}`, depth);
  });
  return keccak_256(joined([keccak_256(utf8(encodeType(types, type))), ...encoded]));
}

/**
 * The 32-byte digest that is signed.
 * @param {TypedData} data `types` may leave EIP712Domain out
 * @returns {Uint8Array<ArrayBuffer>}
 * @throws {TypedDataInvalid}
 */
export function hashTypedData({ types, primaryType, domain, message }) {
  const fields = DOMAIN_FIELDS.filter((field) => Object.hasOwn(domain, field.name));
  const all = { EIP712Domain: fields, ...types };
  checkTypes(all);
  if (primaryType === "EIP712Domain" || !Object.hasOwn(all, primaryType)) throw new TypedDataInvalid(`${primaryType}: no struct`);
  const separator = hashStruct(all, "EIP712Domain", domain, "domain", 0);
  const hash = hashStruct(all, primaryType, message, primaryType, 0);
  return /** @type {Uint8Array<ArrayBuffer>} */ (keccak_256(joined([Uint8Array.of(0x19, 0x01), separator, hash])));
}
