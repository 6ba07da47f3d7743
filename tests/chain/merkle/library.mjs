// @ts-check
// Reads lists of hex values from stdin; writes the library's root and proofs of each list.
import { readFileSync } from "node:fs";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

/** @type {string[][]} */
const lists = JSON.parse(readFileSync(0, "utf8"));
const answers = lists.map((values) => {
  const tree = StandardMerkleTree.of(values.map((value) => [value]), ["bytes32"]);
  const proofs = values.map((value, at) => tree.getProof(at));
  return { root: tree.root, proofs };
});
process.stdout.write(JSON.stringify(answers));
