// The official JavaScript client with its own helper for credentials: identified_client.mjs URL BINDING SCHEME CREDENTIAL
// SCHEME is the name of a security scheme in the card of the agent, which it protects.

import assert from 'node:assert/strict';
import { AgentCard, GetExtendedAgentCardRequest, SendMessageRequest, StreamResponse } from '@a2a-js/sdk';
import {
  ClientFactory, ClientFactoryOptions, createAuthenticatingFetchWithRetry, DefaultAgentCardResolver, JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';

const [url, binding, scheme, credential] = process.argv.slice(2);
const send = (text) => SendMessageRequest.fromJSON({
  message: { messageId: text, role: 'ROLE_USER', parts: [{ text }] },
});

async function clientFor(card, fetchImpl) {
  const Transport = { JSONRPC: JsonRpcTransportFactory, 'HTTP+JSON': RestTransportFactory }[binding];
  const options = ClientFactoryOptions.createFrom({ transports: [] }, { transports: [new Transport({ fetchImpl })] });
  return new ClientFactory(options).createFromAgentCard(card);
}

const card = await new DefaultAgentCardResolver().resolve(url);
const { apiKeySecurityScheme: key, httpAuthSecurityScheme: http } = AgentCard.toJSON(card).securitySchemes[scheme];
assert.ok(key?.location === 'header' || http?.scheme.toLowerCase() === 'bearer');
const headers = key ? { [key.name]: credential } : { Authorization: `Bearer ${credential}` };
const authenticating = createAuthenticatingFetchWithRetry(fetch, {
  headers: async () => headers, shouldRetryWithHeaders: async () => undefined,
});
const client = await clientFor(card, authenticating);
let last;
for await (const event of client.sendMessageStream(send('count'))) last = StreamResponse.toJSON(event);
// It is the task where the agent was quicker than the stream.
assert.equal((last.task ?? last.statusUpdate).status.state, 'TASK_STATE_COMPLETED');
const extended = await client.transport.getExtendedAgentCard(GetExtendedAgentCardRequest.fromJSON({}));
assert.equal(AgentCard.toJSON(extended).name, 'Interop for alice');
await assert.rejects((await clientFor(card, fetch)).sendMessage(send('echo')), /credentials are needed/);
