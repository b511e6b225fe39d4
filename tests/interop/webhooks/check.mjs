// Reads lines of JSON and answers each with a line: {"verify": {headers, body}} with "ok" or the reason, and
// {"sign": {id, timestamp, body}} with the value of webhook-signature. usage: check.mjs SECRET
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const { verify, sign } = JSON.parse(line);
  if (sign) {
    console.log(webhook.sign(sign.id, new Date(sign.timestamp * 1000), sign.body));
    continue;
  }
  try {
    webhook.verify(verify.body, verify.headers);
    console.log("ok");
  } catch (error) {
    console.log(`refused: ${error.message}`);
  }
}
