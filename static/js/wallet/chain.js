// @ts-check
/** What the page says about the chain and the member. */

/** @returns {import("./sign-in.js").Chain} the site's chain */
export function siteChain() {
  const { chainId = "", chainName = "", rpcUrl = "" } = document.body.dataset;
  const id = Number(chainId);
  return { id, hex: `0x${id.toString(16)}`, name: chainName || `chain ${id}`, rpcUrl };
}

/** @returns {string} the signed-in member's address in lower case, or nothing */
export function pageMember() {
  return (document.body.dataset.member ?? "").toLowerCase();
}
