// Made js_*.json in this folder: cards signed by the JavaScript SDK, for the unit tests of card signatures.
//
// usage: node make_js_vectors.mjs DIRECTORY   (beside the node_modules of @a2a-js/sdk 1.3.0, which has jose)
import { writeFileSync } from "node:fs";
import { generateAgentCardSignature } from "@a2a-js/sdk";
import { exportJWK, generateKeyPair } from "jose";

const out = process.argv[2];
const PLAIN = {
  name: "Übersetzer 😀", description: "Says things in other words.", version: "1.0",
  supportedInterfaces: [{ url: "https://agent.example/", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  capabilities: { streaming: false, extensions: [{ uri: "https://ext.example/",
    params: { "\ufb33": 1, "😀": 2.5, a: [1e21, "x"] } }] },
  defaultInputModes: ["text/plain"], defaultOutputModes: ["text/plain"],
  securitySchemes: { mtls: { mtlsSecurityScheme: { description: "certificates" } } },
  securityRequirements: [{ schemes: { mtls: { list: ["a"] } } }],
  skills: [{ id: "s", name: "Skill", description: "Does it.", tags: ["t"] }],
};
const WITH_EMPTY = {
  ...PLAIN,
  capabilities: { extensions: [{ uri: "https://ext.example/", params: { empty: "", list: [], object: { deep: {} } } }] },
  securityRequirements: [{ schemes: { mtls: { list: [] } } }],
};

const keys = {};
for (const alg of ["RS256", "ES256", "EdDSA"]) keys[alg] = await generateKeyPair(alg, { extractable: true });
const set = await Promise.all(Object.entries(keys).map(async ([alg, pair]) =>
  ({ ...await exportJWK(pair.publicKey), kid: alg.toLowerCase() })));
writeFileSync(`${out}/js_keys.json`, JSON.stringify({ keys: set }, null, 1) + "\n");
for (const [name, text] of Object.entries({ plain: PLAIN, with_empty: WITH_EMPTY })) {
  // The document, not an AgentCard made of it: of that the SDK signs no security schemes (a2a-js#663), and does not verify
  // what it serves itself.
  let signed = structuredClone(text);
  for (const [alg, pair] of Object.entries(keys)) {
    signed = await generateAgentCardSignature(pair.privateKey, { alg, kid: alg.toLowerCase(), typ: "JOSE" })(signed);
  }
  writeFileSync(`${out}/js_${name}.json`, JSON.stringify(signed, null, 1) + "\n");
}
