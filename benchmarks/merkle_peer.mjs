// @ts-check
// Builds OpenZeppelin's tree of each line of hex values it reads; answers with what came out and
// how long it took, by its own clock.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

for await (const line of createInterface({ input: process.stdin })) {
  /** @type {string[]} */
  const values = JSON.parse(line);
  const began = performance.now();
  const tree = StandardMerkleTree.of(values.map((value) => [value]), ["bytes32"]);
  const built = performance.now();
  const proofs = values.map((_, at) => tree.getProof(at));
  const done = performance.now();
  const digest = createHash("sha256").update(proofs.flat().join("")).digest("hex");
  const answer = { root: tree.root, digest, root_ms: built - began, proofs_ms: done - built };
  console.log(JSON.stringify(answer));
}
