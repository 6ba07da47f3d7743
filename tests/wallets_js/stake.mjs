// Stakes and withdraws with viem and the committed ABI alone. Reads a plan as JSON on stdin:
// { url, chainId, key, curation, token, faucet?, step, round, candidate, proof, batch, amount };
// `step` is "stake", which takes tokens from the faucet and signs a permit, or "withdraw".
// Prints { hash, balance } after it, or { error } with the contract's own error.
import { readFileSync } from "node:fs";
import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  getContract,
  http,
  parseSignature,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

const plan = JSON.parse(await new Response(process.stdin).text());
const abiOf = (name) => JSON.parse(readFileSync(`chain/abi/${name}.json`, "utf8")).abi;
const chain = defineChain({
  id: plan.chainId,
  name: "Salon",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [plan.url] } },
});
const account = privateKeyToAccount(plan.key);
const transport = http(plan.url);
const reader = createPublicClient({ chain, transport, pollingInterval: 50 });
const wallet = createWalletClient({ account, chain, transport });
const client = { public: reader, wallet };
const curation = getContract({ address: plan.curation, abi: abiOf("ICuration"), client });
const token = getContract({ address: plan.token, abi: abiOf("SalonToken"), client });

/** Wait for a transaction's receipt; its hash. */
async function mined(hash) {
  const { status } = await reader.waitForTransactionReceipt({ hash });
  if (status !== "success") throw new Error(`${hash} failed`);
  return hash;
}

/** A permit for the curation contract, signed by the account. */
async function permit(value) {
  const { timestamp } = await reader.getBlock();
  const deadline = timestamp + 600n;
  const uint = (name) => ({ name, type: "uint256" });
  const address = (name) => ({ name, type: "address" });
  const signature = await wallet.signTypedData({
    domain: { name: await token.read.name(), version: "1", chainId: plan.chainId, verifyingContract: plan.token },
    types: { Permit: [address("owner"), address("spender"), uint("value"), uint("nonce"), uint("deadline")] },
    primaryType: "Permit",
    message: {
      owner: account.address,
      spender: plan.curation,
      value,
      nonce: await token.read.nonces([account.address]),
      deadline,
    },
  });
  const { r, s, v } = parseSignature(signature);
  return { deadline, v: Number(v), r, s };
}

async function stake() {
  if (plan.faucet) {
    const faucet = getContract({ address: plan.faucet, abi: abiOf("Faucet"), client });
    await mined(await faucet.write.give());
  }
  const value = BigInt(plan.amount);
  const anchored = { batch: BigInt(plan.batch), proof: plan.proof };
  const signed = await permit(value);
  const call = [BigInt(plan.round), plan.candidate, value, anchored, signed];
  await curation.simulate.stakeWithPermit(call, { account });
  return mined(await curation.write.stakeWithPermit(call));
}

async function withdraw() {
  const call = [BigInt(plan.round), plan.candidate];
  await curation.simulate.withdraw(call, { account });
  return mined(await curation.write.withdraw(call));
}

try {
  const hash = await (plan.step === "stake" ? stake() : withdraw());
  const balance = await token.read.balanceOf([account.address]);
  console.log(JSON.stringify({ hash, balance: balance.toString() }));
} catch (error) {
  const reverted = error instanceof BaseError && error.walk((one) => one instanceof ContractFunctionRevertedError);
  if (!reverted) throw error;
  console.log(JSON.stringify({ error: reverted.data?.errorName ?? reverted.shortMessage }));
}
