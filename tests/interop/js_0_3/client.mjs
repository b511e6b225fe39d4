// Every operation of A2A 0.3 through the official JavaScript SDK that speaks it, over one binding: client.mjs URL BINDING.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { ClientFactory, ClientFactoryOptions } from '@a2a-js/sdk/client';
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc';

const [url, binding] = process.argv.slice(2);

const send = (text, more = {}, configuration = { blocking: true }, parts = []) => ({
  message: {
    kind: 'message', messageId: randomUUID(), role: 'user', parts: [{ kind: 'text', text }, ...parts], ...more,
  },
  configuration,
});

async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

const textOf = (artifact) => artifact.parts.map((part) => part.text).join('');

/** Of the status updates of a whole stream only the last is final; there is none where the agent was quicker than it. */
function checkFinal(events) {
  const updates = events.filter((event) => event.kind === 'status-update');
  assert.deepEqual(updates.map((update) => update.final), updates.map((_, i) => i === updates.length - 1));
}

async function checkSends(client) {
  const task = await client.sendMessage(send('echo hi'));
  assert.deepEqual([task.kind, task.status.state, textOf(task.artifacts[0])], ['task', 'completed', 'Echo: echo hi']);
  const answer = await client.sendMessage(send('direct'));
  assert.deepEqual([answer.kind, answer.role, answer.parts[0].text], ['message', 'agent', 'Just a message.']);
  assert.equal((await client.sendMessage(send('fail'))).status.state, 'failed');

  const events = await collect(client.sendMessageStream(send('count')));
  assert.equal(events[0].kind, 'task');
  const chunks = events.filter((event) => event.kind === 'artifact-update').map((event) => textOf(event.artifact));
  assert.equal((events[0].artifacts ?? []).map(textOf).concat(chunks).join(''), '1 2 3 4 5 ');
  checkFinal(events);
  assert.deepEqual((await collect(client.sendMessageStream(send('direct')))).map((event) => event.kind), ['message']);
}

async function checkFiles(client) {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('base64');
  const parts = [
    { kind: 'file', file: { bytes, name: 'all.bin', mimeType: 'application/octet-stream' } },
    { kind: 'data', data: { k: [1, 'two'] } },
  ];
  // Over HTTP+JSON the SDK leaves out the file's name, by which the agent would send it back.
  const named = binding === 'JSONRPC';
  const task = await client.sendMessage(send(named ? 'file' : 'echo', {}, { blocking: true }, parts));
  // There it also decodes once what the Python SDK decodes twice: docs/reference/versions.md.
  const received = task.history[0].parts[1].file.bytes;
  assert.equal(named ? received : Buffer.from(received, 'base64').toString(), bytes);
  assert.deepEqual(task.history[0].parts[2].data, { k: [1, 'two'] });
  if (!named) return;
  const artifacts = new Map(task.artifacts.map((artifact) => [artifact.artifactId, artifact]));
  assert.equal(artifacts.get('all.bin').parts[0].file.bytes, bytes);
  assert.deepEqual(artifacts.get('data').parts[0].data, { done: true, list: [1, 'two', null] });
}

async function checkTurns(client) {
  const asked = await client.sendMessage(send('ask'));
  assert.deepEqual([asked.status.state, asked.status.message.parts[0].text], ['input-required', 'What is your name?']);
  const done = await client.sendMessage(send('Ada', { taskId: asked.id, contextId: asked.contextId }));
  assert.deepEqual([done.id, textOf(done.artifacts[0])], [asked.id, 'Hello, Ada!']);
  assert.equal((await client.getTask({ id: done.id, historyLength: 1 })).history.length, 1);
}

async function checkCancelAndResubscribe(client) {
  const task = await client.sendMessage(send('wait', {}, { blocking: false }));
  assert.ok(['submitted', 'working'].includes(task.status.state), task.status.state);
  const events = [];
  let cancelling;
  for await (const event of client.resubscribeTask({ id: task.id })) {
    if (events.length === 0) cancelling = client.cancelTask({ id: task.id });
    events.push(event);
  }
  assert.equal(events[0].kind, 'task');
  assert.equal(events.at(-1).status.state, 'canceled');
  checkFinal(events);
  assert.equal((await cancelling).status.state, 'canceled');
}

async function checkErrors(client) {
  const id = randomUUID();
  const done = await client.sendMessage(send('echo done'));
  await assert.rejects(client.getTask({ id }), /task not found|no such task/i);
  await assert.rejects(client.cancelTask({ id }), /task not found|no such task/i);
  await assert.rejects(collect(client.resubscribeTask({ id })), /no such task/);
  await assert.rejects(client.cancelTask({ id: done.id }), /cannot be canceled|already ended/i);
  await assert.rejects(client.sendMessage(send('more', { taskId: done.id })), /unsupported operation|not supported|takes no further/i);
}

async function checkPushConfigs(client) {
  const { id } = await client.sendMessage(send('wait', {}, { blocking: false }));
  const named = { id, pushNotificationConfigId: 'c' };
  const pushNotificationConfig = { id: 'c', url: 'https://example.com/hook' };
  const made = await client.setTaskPushNotificationConfig({ taskId: id, pushNotificationConfig });
  assert.equal(made.pushNotificationConfig.url, pushNotificationConfig.url);
  const got = await client.getTaskPushNotificationConfig(named);
  assert.equal(got.pushNotificationConfig.url, pushNotificationConfig.url);
  assert.deepEqual((await client.listTaskPushNotificationConfig({ id })).map((one) => one.pushNotificationConfig.id), ['c']);
  await client.deleteTaskPushNotificationConfig(named);
  assert.equal((await client.listTaskPushNotificationConfig({ id })).length, 0);
  await client.cancelTask({ id });
}

/** Twelve silent seconds and a stream of 24 s, as the SDK waits unless it is told otherwise. */
async function checkSlow(client) {
  const answered = async () => assert.equal(textOf((await client.sendMessage(send('slow'))).artifacts[0]), 'at last');
  const streamed = async () => {
    const events = await collect(client.sendMessageStream(send('slow')));
    assert.equal(events.at(-1).status.state, 'completed');
  };
  const resubscribed = async () => {
    const { id } = await client.sendMessage(send('slow', {}, { blocking: false }));
    assert.equal((await collect(client.resubscribeTask({ id }))).at(-1).status.state, 'completed');
  };
  const dripped = async () => {
    const events = await collect(client.sendMessageStream(send('drip')));
    const all = (events[0].artifacts ?? []).concat(events.flatMap((event) => event.artifact ?? []));
    assert.equal(all.map(textOf).join(''), '1 2 3 4 ');
  };
  await Promise.all([answered(), streamed(), resubscribed(), dripped()]);
}

const options = ClientFactoryOptions.createFrom(
  ClientFactoryOptions.default, { transports: [new GrpcTransportFactory()], preferredTransports: [binding] });
const client = await new ClientFactory(options).createFromUrl(url);
assert.equal((await client.getAgentCard()).protocolVersion, '0.3.0');
await checkSends(client);
await checkFiles(client);
await checkTurns(client);
await checkCancelAndResubscribe(client);
await checkErrors(client);
await checkPushConfigs(client);
await checkSlow(client);
console.log('checked: send, stream, files, several turns, get, cancel, resubscribe, errors, push configurations, '
  + '12 s of silence, a stream of 24 s');
