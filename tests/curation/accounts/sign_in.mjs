// Signs in over HTTP with viem, composing the message itself. Reads a plan as JSON on stdin:
// { site, key, wallet?, factory?, factoryData?, tamper? }; prints { status, body, me }.
import { createSiweMessage } from "viem/siwe";
import { privateKeyToAccount } from "viem/accounts";
import { serializeErc6492Signature } from "viem";

const plan = JSON.parse(await new Response(process.stdin).text());
const account = privateKeyToAccount(plan.key);
const cookies = new Map();

/** fetch with a cookie jar. */
async function ask(path, body) {
  const answer = await fetch(`${plan.site}/api/v1/${path}`, {
    method: body ? "POST" : "GET",
    headers: {
      "Content-Type": "application/json",
      Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    },
    body: body && JSON.stringify(body),
  });
  for (const line of answer.headers.getSetCookie()) {
    const [pair] = line.split(";");
    cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
  }
  return { status: answer.status, body: await answer.json() };
}

const { body: asked } = await ask("nonce");
const site = new URL(plan.site);
const now = new Date();
const message = createSiweMessage({
  scheme: site.protocol.slice(0, -1),
  domain: site.host,
  address: plan.wallet ?? account.address,
  statement: asked.statement,
  uri: plan.site,
  version: "1",
  chainId: asked.chain_id,
  nonce: asked.nonce,
  issuedAt: now,
  expirationTime: new Date(now.getTime() + 3_600_000),
});
let signature = await account.signMessage({ message });
if (plan.factory) {
  signature = serializeErc6492Signature({
    address: plan.factory,
    data: plan.factoryData,
    signature,
  });
}
const answer = await ask("sign-in", { message, signature });
const me = await ask("me");
console.log(JSON.stringify({ ...answer, me: me.body.address ?? "" }));
