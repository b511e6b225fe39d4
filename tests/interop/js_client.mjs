// Every operation of A2A 1.0 through the official JavaScript SDK, over one binding: js_client.mjs URL BINDING.

import assert from 'node:assert/strict';
import { createPublicKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import {
  AgentCard, CancelTaskRequest, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest, GetTaskRequest, ListTaskPushNotificationConfigsRequest, ListTasksRequest,
  Message, SendMessageRequest, StreamResponse, SubscribeToTaskRequest, Task, TaskPushNotificationConfig,
  verifyAgentCardSignature,
} from '@a2a-js/sdk';
import {
  ClientFactory, ClientFactoryOptions, DefaultAgentCardResolver, JsonRpcTransportFactory, RestTransportFactory,
} from '@a2a-js/sdk/client';
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc';
import { TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors';

const [url, binding] = process.argv.slice(2);

const send = (text, more = {}, configuration = undefined, parts = []) => SendMessageRequest.fromJSON({
  message: { messageId: randomUUID(), role: 'ROLE_USER', parts: [{ text }, ...parts], ...more },
  configuration,
});

/** Results are compared as the JSON that the specification shows, whatever classes the SDK makes of it. */
const json = (result) => ('messageId' in result ? Message.toJSON(result) : Task.toJSON(result));
const ask = async (client, ...args) => json(await client.sendMessage(send(...args)));

async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(StreamResponse.toJSON(event));
  return events;
}

/** Of a status update; or of the Task at the beginning, where the agent was quicker than the stream. */
const lastState = (events) => (events.at(-1).task ?? events.at(-1).statusUpdate).status.state;

/** Of the document as it is served: of a card that it has read itself the SDK loses the security schemes. */
async function checkSignature() {
  const verify = verifyAgentCardSignature(async (id) => {
    assert.equal(id, 'interop');
    return createPublicKey(readFileSync(process.env.CARD_PUBLIC_KEY));
  });
  const served = await (await fetch(new URL('/.well-known/agent-card.json', url), { headers: { 'A2A-Version': '1.0' } })).json();
  await verify(served);
  await assert.rejects(verify({ ...served, name: 'Another agent' }));
}

async function rejects(promise, kind) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof kind, `${error?.name} (${error?.message}) is no ${kind.name}`);
    return true;
  });
}

async function checkSends(client) {
  const task = await ask(client, 'echo hi');
  assert.equal(task.status.state, 'TASK_STATE_COMPLETED');
  assert.equal(task.artifacts[0].parts[0].text, 'Echo: echo hi');

  const events = await collect(client.sendMessageStream(send('count')));
  // The Task at the beginning holds what had happened by then; the chunks go on from there.
  let text = (events[0].task.artifacts ?? []).flatMap((artifact) => artifact.parts).map((part) => part.text).join('');
  const chunks = events.filter((event) => event.artifactUpdate).map((event) => event.artifactUpdate);
  for (const chunk of chunks) {
    assert.equal(Boolean(chunk.append), text !== '');
    text += chunk.artifact.parts[0].text;
  }
  assert.equal(text, '1 2 3 4 5 ');
  assert.deepEqual(chunks.map((chunk) => Boolean(chunk.lastChunk)), chunks.map((_, i) => i === chunks.length - 1));
  assert.equal(lastState(events), 'TASK_STATE_COMPLETED');

  assert.equal((await ask(client, 'direct')).parts[0].text, 'Just a message.');
  const direct = await collect(client.sendMessageStream(send('direct')));
  assert.deepEqual(direct.map((event) => Object.keys(event)), [['message']]);

  const failed = await ask(client, 'fail');
  assert.equal(failed.status.state, 'TASK_STATE_FAILED');
  assert.equal(failed.status.message.parts[0].text, 'as you wished');
}

async function checkFiles(client) {
  const content = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('base64');
  const part = { raw: content, filename: 'all.bin', mediaType: 'application/octet-stream' };
  const task = await ask(client, 'file', {}, undefined, [part]);
  const artifacts = Object.fromEntries(task.artifacts.map((artifact) => [artifact.artifactId, artifact]));
  assert.equal(artifacts['all.bin'].parts[0].raw, content);
  assert.equal(artifacts['all.bin'].parts[0].filename, 'all.bin');
  assert.deepEqual(artifacts.data.parts[0].data, { done: true, list: [1, 'two', null] });
}

async function checkTurns(client) {
  const task = await ask(client, 'ask');
  assert.equal(task.status.state, 'TASK_STATE_INPUT_REQUIRED');
  assert.equal(task.status.message.parts[0].text, 'What is your name?');
  const done = await ask(client, 'Ada', { taskId: task.id, contextId: task.contextId });
  assert.equal(done.id, task.id);
  assert.equal(done.artifacts[0].parts[0].text, 'Hello, Ada!');

  const events = await collect(client.sendMessageStream(send('ask')));
  assert.equal(lastState(events), 'TASK_STATE_INPUT_REQUIRED');
  const { id: taskId, contextId } = events[0].task;
  const rest = await collect(client.sendMessageStream(send('Bob', { taskId, contextId })));
  assert.equal(lastState(rest), 'TASK_STATE_COMPLETED');
}

async function checkGetAndList(client) {
  const contextId = randomUUID();
  const made = [];
  for (let i = 0; i < 3; ++i) made.push(await ask(client, `echo ${i}`, { contextId }));
  const task = json(await client.getTask(GetTaskRequest.fromJSON({ id: made[0].id, historyLength: 1 })));
  assert.equal(task.id, made[0].id);
  assert.deepEqual(task.history.map((message) => message.parts[0].text), ['echo 0']);

  const listed = [];
  let pageToken = '';
  do {
    const page = await client.listTasks(
      ListTasksRequest.fromJSON({ contextId, pageSize: 2, pageToken, status: 'TASK_STATE_COMPLETED' }));
    assert.equal(page.totalSize, 3);
    listed.push(...page.tasks.map((entry) => entry.id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  assert.deepEqual(listed.sort(), made.map((entry) => entry.id).sort());
}

async function checkCancelAndSubscribe(client) {
  const task = json(await client.sendMessage(send('wait', {}, { returnImmediately: true })));
  assert.ok(['TASK_STATE_SUBMITTED', 'TASK_STATE_WORKING'].includes(task.status.state));

  const events = [];
  let cancelling;
  for await (const event of client.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id: task.id }))) {
    events.push(StreamResponse.toJSON(event));
    cancelling ??= client.cancelTask(CancelTaskRequest.fromJSON({ id: task.id }));
  }
  assert.ok(events[0].task);
  assert.equal(lastState(events), 'TASK_STATE_CANCELED');
  assert.equal(json(await cancelling).status.state, 'TASK_STATE_CANCELED');
}

async function checkErrors(client) {
  const unknown = randomUUID();
  const done = await ask(client, 'echo done');
  await rejects(client.getTask(GetTaskRequest.fromJSON({ id: unknown })), TaskNotFoundError);
  await rejects(client.cancelTask(CancelTaskRequest.fromJSON({ id: unknown })), TaskNotFoundError);
  await rejects(collect(client.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id: unknown }))), TaskNotFoundError);
  await rejects(client.sendMessage(send('more', { taskId: unknown })), TaskNotFoundError);
  await rejects(client.cancelTask(CancelTaskRequest.fromJSON({ id: done.id })), TaskNotCancelableError);
  await rejects(collect(client.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id: done.id }))),
    UnsupportedOperationError);
  await rejects(client.sendMessage(send('more', { taskId: done.id, contextId: done.contextId })),
    UnsupportedOperationError);
}

async function checkPushConfigs(client) {
  const { id: taskId } = await ask(client, 'wait', {}, { returnImmediately: true });
  const named = { taskId, id: 'c' };
  const config = TaskPushNotificationConfig.fromJSON({ ...named, url: 'https://example.com/hook' });
  assert.equal((await client.createTaskPushNotificationConfig(config)).url, config.url);
  const got = await client.getTaskPushNotificationConfig(GetTaskPushNotificationConfigRequest.fromJSON(named));
  assert.equal(got.url, config.url);
  const listed = async () => (await client.listTaskPushNotificationConfig(
    ListTaskPushNotificationConfigsRequest.fromJSON({ taskId }))).configs.map(({ id }) => id);
  assert.deepEqual(await listed(), ['c']);
  await client.deleteTaskPushNotificationConfig(DeleteTaskPushNotificationConfigRequest.fromJSON(named));
  assert.deepEqual(await listed(), []);
  await client.cancelTask(CancelTaskRequest.fromJSON({ id: taskId }));
}

/** Twelve silent seconds and a stream of 24 s, as the SDK waits unless it is told otherwise. */
async function checkSlow(client) {
  const sent = async () => {
    const task = await ask(client, 'slow');
    assert.equal(task.status.state, 'TASK_STATE_COMPLETED');
    assert.equal(task.artifacts[0].parts[0].text, 'at last');
  };
  const streamed = async () => {
    assert.equal(lastState(await collect(client.sendMessageStream(send('slow')))), 'TASK_STATE_COMPLETED');
  };
  const resubscribed = async () => {
    const { id } = await ask(client, 'slow', {}, { returnImmediately: true });
    const events = await collect(client.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id })));
    assert.equal(lastState(events), 'TASK_STATE_COMPLETED');
  };
  const dripped = async () => {
    const events = await collect(client.sendMessageStream(send('drip')));
    const all = (events[0].task.artifacts ?? []).concat(events.flatMap((event) => event.artifactUpdate?.artifact ?? []));
    assert.equal(all.map((artifact) => artifact.parts[0].text).join(''), '1 2 3 4 ');
  };
  await Promise.all([sent(), streamed(), resubscribed(), dripped()]);
}

const transports = {
  JSONRPC: new JsonRpcTransportFactory(), 'HTTP+JSON': new RestTransportFactory(), GRPC: new GrpcTransportFactory(),
};
const factory = new ClientFactory(
  ClientFactoryOptions.createFrom({ transports: [] }, { transports: [transports[binding]] }));
const card = await new DefaultAgentCardResolver().resolve(url);
assert.equal(AgentCard.toJSON(card).name, 'Interop');
const client = await factory.createFromAgentCard(card);
const signed = process.env.CARD_PUBLIC_KEY !== undefined;
if (signed) await checkSignature();
await checkSends(client);
await checkFiles(client);
await checkTurns(client);
await checkGetAndList(client);
await checkCancelAndSubscribe(client);
await checkErrors(client);
await checkPushConfigs(client);
await checkSlow(client);
await rejects(client.transport.getExtendedAgentCard(GetExtendedAgentCardRequest.fromJSON({})),
  UnsupportedOperationError);
console.log(`checked: ${signed ? 'the signature of the card, ' : ''}`
  + 'send, stream, files, several turns, get, list, cancel, subscribe, errors, push configurations, extended card, 12 s of silence, a stream of 24 s');
