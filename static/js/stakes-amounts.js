// @ts-check
/** Amounts of tokens as whole numbers of their smallest unit: nothing is ever rounded on the way. */

const DECIMALS = 18;
const WEI = 10n ** BigInt(DECIMALS);
const AMOUNT = /^([0-9]{1,50})(?:\.([0-9]{1,18}))?$/;

/**
 * @param {string} text as in "12.5"
 * @returns {bigint | null} null for what is no amount
 */
export function weiOf(text) {
  const [, whole, decimals = ""] = AMOUNT.exec(text.trim()) ?? [];
  return whole === undefined ? null : BigInt(whole) * WEI + BigInt(decimals.padEnd(DECIMALS, "0"));
}

/**
 * Whole tokens and at most two decimals, rounded down: "1,234.5".
 * @param {bigint} wei
 */
export function shown(wei) {
  const hundredths = (wei % WEI) / (WEI / 100n);
  if (wei > 0n && wei < WEI / 100n) return "<0.01";
  const whole = (wei / WEI).toLocaleString("en");
  return hundredths ? `${whole}.${String(hundredths).padStart(2, "0").replace(/0$/, "")}` : whole;
}

/**
 * What an amount earns if its picture takes the whole pool, as the contract reckons.
 * @param {{pool: bigint, behind: bigint, amount: bigint}} sums in wei; `behind` without the amount
 */
export function earning({ pool, behind, amount }) {
  const all = behind + amount;
  return all ? (pool * amount) / all : 0n;
}
