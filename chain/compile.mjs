// Compiles Solidity with npm's solc and writes one JSON file a contract: ABI and bytecode.
//
//   node chain/compile.mjs                      chain/contracts → chain/abi
//   node chain/compile.mjs --check              says what differs from chain/abi, and fails
//   node chain/compile.mjs --sources D --out O  another folder, for tests
//
// The output is a pure function of sources and compiler: no metadata is appended to the bytecode,
// paths are relative to the repository, keys are in a fixed order. Warnings are errors.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const MODULES = join(ROOT, "node_modules");
const SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "prague",
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

/** Every .sol file below a folder, in a stable order. */
function solidityFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".sol"))
    .map((name) => join(folder, name))
    .sort();
}

/** A path as the compiler sees it: relative to the repository, with slashes. */
function unitName(path) {
  return relative(ROOT, path).split(sep).join("/");
}

/** The text of an import: of a package, or of a file of this repository, and of nothing else. */
function readImport(name) {
  for (const base of name.startsWith("@") ? [MODULES] : [ROOT]) {
    const path = resolve(base, name);
    if (!path.startsWith(base + sep)) break;
    try {
      return { contents: readFileSync(path, "utf8") };
    } catch {
      break;
    }
  }
  return { error: `${name} is not a file of this repository or of an installed package` };
}

/** Compile all sources of a folder: contract name → artifact. */
function compile(solc, folder) {
  const files = solidityFiles(folder);
  const sources = Object.fromEntries(
    files.map((path) => [unitName(path), { content: readFileSync(path, "utf8") }]),
  );
  const input = { language: "Solidity", sources, settings: SETTINGS };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
  const complaints = (output.errors ?? []).filter((error) => error.severity !== "info");
  if (complaints.length) fail(complaints.map((error) => error.formattedMessage).join("\n"));
  const artifacts = new Map();
  for (const [unit, contracts] of Object.entries(output.contracts ?? {})) {
    if (!(unit in sources)) continue; // of a package: whoever needs it inherits or names it
    for (const [name, { abi, evm }] of Object.entries(contracts)) {
      if (!evm.bytecode.object && !abi.length) continue;
      if (artifacts.has(name)) fail(`Two contracts are called ${name}; the second is in ${unit}.`);
      artifacts.set(name, {
        contract: name,
        source: unit,
        compiler: `${solc.version()}, optimizer 200 runs, ${SETTINGS.evmVersion}`,
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: `0x${evm.deployedBytecode.object}`,
      });
    }
  }
  return artifacts;
}

/** What differs between a folder and the artifacts that belong in it. */
function differences(files, out) {
  const there = new Set(existing(out));
  const wrong = [];
  for (const [file, text] of files) {
    if (!there.delete(file)) wrong.push(`${file} is missing`);
    else if (readFileSync(join(out, file), "utf8") !== text) wrong.push(`${file} is out of date`);
  }
  return [...wrong, ...[...there].map((file) => `${file} belongs to no contract`)];
}

function existing(out) {
  try {
    return readdirSync(out).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}

function write(files, out) {
  mkdirSync(out, { recursive: true });
  for (const file of existing(out)) if (!files.has(file)) rmSync(join(out, file));
  for (const [file, text] of files) writeFileSync(join(out, file), text);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function main() {
  const { values } = parseArgs({
    options: {
      sources: { type: "string", default: join(ROOT, "chain/contracts") },
      out: { type: "string", default: join(ROOT, "chain/abi") },
      check: { type: "boolean", default: false },
    },
  });
  const solc = createRequire(import.meta.url)("solc");
  const files = new Map();
  for (const [name, artifact] of compile(solc, resolve(values.sources))) {
    files.set(`${basename(name)}.json`, `${JSON.stringify(artifact, null, 1)}\n`);
  }
  const out = resolve(values.out);
  if (!values.check) {
    write(files, out);
    console.log(`${files.size} contracts written to ${unitName(out) || "."}`);
    return;
  }
  const wrong = differences(files, out);
  if (wrong.length) fail(`${wrong.join("\n")}\nRun \`make contracts\` and commit the result.`);
}

main();
