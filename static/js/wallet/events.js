// @ts-check
/** What the wallet does while its member is signed in: another account, another chain, gone. */

import { call, signedInAs } from "./api.js";
import { ask, listen, readAccounts, readChainId } from "./ask.js";
import { pageMember, siteChain } from "./chain.js";
import { demoWallet } from "./demo.js";
import { findWallets } from "./discovery.js";
import { leaveWords, rememberedWallet, say } from "./memory.js";
import { forget } from "./session-key.js";

let leaving = false;

/**
 * The wallet acts for somebody else now: the session of the one before ends here.
 * @param {string} member
 * @param {string} other
 */
async function handOver(member, other) {
  if (leaving) return;
  leaving = true;
  try {
    // Another tab may have signed in with the new account already.
    if ((await signedInAs()) === member) {
      await call("POST", "/api/v1/sign-out");
      await forget(member);
      const short = `${other.slice(0, 6)}…${other.slice(-4)}`;
      leaveWords(`Your wallet changed to ${short}, so you were signed out. Sign in to go on with it.`, "notice");
    }
    location.reload();
  } catch {
    leaving = false;
    say("Your wallet changed its account, but the site does not answer. You are still signed in with the one before.");
  }
}

/**
 * @param {import("./discovery.js").Wallet} wallet
 * @param {string} member
 */
function follow({ provider, name }, member) {
  const chain = siteChain();
  listen(provider, "accountsChanged", (fact) => {
    const [account] = readAccounts(fact); // none: locked, which ends nothing
    if (account && account !== member) handOver(member, account);
  });
  listen(provider, "chainChanged", (fact) => {
    if (readChainId(fact) === chain.id) return;
    say(`${name} moved to another chain. You stay signed in; this site works with ${chain.name}.`);
  });
  listen(provider, "disconnect", () => {
    say(`${name} lost its connection to the chain. You stay signed in.`);
  });
  ask(provider, "eth_accounts", undefined, readAccounts, AbortSignal.timeout(5000))
    .then((accounts) => {
      if (accounts.length && !accounts.includes(member)) handOver(member, accounts[0]);
    })
    .catch(() => {});
}

/** Follow the wallet that signed this page's member in. */
export function followWallet() {
  const [member, remembered] = [pageMember(), rememberedWallet()];
  if (!member || !remembered) return;
  let isFollowed = false;
  findWallets((wallet) => {
    if (isFollowed || (wallet.rdns || wallet.uuid) !== remembered) return;
    isFollowed = true;
    follow(wallet, member);
  }, demoWallet()?.provider);
}
