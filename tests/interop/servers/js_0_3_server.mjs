// An agent built with the official JavaScript SDK of protocol 0.3, for our client: the first word of a message says how it
// behaves, as in interop_agent.cpp. It prints its URL, and ends when its standard input does.

import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { ClientFactory } from '@a2a-js/sdk/client';
import { DefaultRequestHandler, InMemoryPushNotificationStore, InMemoryTaskStore } from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler, restHandler } from '@a2a-js/sdk/server/express';
import { A2AService, grpcService } from '@a2a-js/sdk/server/grpc';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import express from 'express';

const text = (value) => ({ kind: 'text', text: value });

const message = (value, task) => ({
  kind: 'message', messageId: randomUUID(), role: 'agent', parts: [text(value)], taskId: task?.id,
  contextId: task?.contextId,
});

/** What one turn publishes. */
class Turn {
  constructor(task, bus) {
    this.task = task;
    this.bus = bus;
  }
  status(state, said) {
    this.bus.publish({
      kind: 'status-update', taskId: this.task.id, contextId: this.task.contextId, final: state !== 'working',
      status: { state, message: said && message(said, this.task), timestamp: new Date().toISOString() },
    });
  }
  artifact(part, artifactId = randomUUID(), append = false, lastChunk = false) {
    this.bus.publish({
      kind: 'artifact-update', taskId: this.task.id, contextId: this.task.contextId, append, lastChunk,
      artifact: { artifactId, parts: [part] },
    });
  }
}

const cancelled = new Map();

const behaviours = {
  echo(turn, said) {
    turn.artifact(text(`Echo: ${said}`));
    turn.status('completed');
  },
  count(turn) {
    for (let i = 1; i <= 5; ++i) turn.artifact(text(`${i} `), 'numbers', i > 1, i === 5);
    turn.status('completed');
  },
  ask(turn) {
    turn.status('input-required', 'What is your name?');
  },
  fail(turn) {
    turn.status('failed', 'as you wished');
  },
  file(turn, said, given) {
    turn.artifact(given[1]);
    turn.artifact({ kind: 'data', data: { done: true, list: [1, 'two', null] } });
    turn.status('completed');
  },
  async relay(turn, said, given, serviceParameters) {
    const [, url, words] = said.match(/^\w+ (\S+) (.*)$/);
    const client = await new ClientFactory().createFromUrl(url);
    const answer = await client.sendMessage({ message: { ...message(words), role: 'user' } }, { serviceParameters });
    turn.artifact(answer.artifacts[0].parts[0]);
    turn.status('completed');
  },
  async wait(turn) {
    await new Promise((stop) => cancelled.set(turn.task.id, stop));
    turn.status('canceled');
  },
};

const agent = {
  async execute({ taskId, contextId, userMessage, task, context }, bus) {
    const said = userMessage.parts[0].text;
    const word = said.split(' ')[0];
    if (word === 'direct') {
      bus.publish(message('Just a message.'));
      bus.finished();
      return;
    }
    const current = task ?? {
      kind: 'task', id: taskId, contextId, history: [userMessage],
      status: { state: 'submitted', timestamp: new Date().toISOString() },
    };
    if (!task) bus.publish(current);
    const turn = new Turn(current, bus);
    turn.status('working');
    if (task) {
      turn.artifact(text(`Hello, ${said}!`));
      turn.status('completed');
    } else {
      await behaviours[word](turn, said, userMessage.parts, context.user.passedOn);
    }
    bus.finished();
  },
  async cancelTask(taskId) {
    cancelled.get(taskId)?.();
  },
};

/**
 * The caller, with the headers, or the metadata of gRPC, by which a circle of agents is traced and comes to an end: the SDK
 * shows an agent nothing of a request but its caller.
 */
async function callerOf(request) {
  const valueOf = (name) => (request.metadata ? request.metadata.get(name)[0] : request.get(name));
  const told = ['traceparent', 'x-a2a-hops'].map((name) => [name, valueOf(name)]);
  return { isAuthenticated: false, userName: '', passedOn: Object.fromEntries(told.filter(([, value]) => value)) };
}

const overGrpc = new Server();
const grpcPort = await promisify(overGrpc.bindAsync.bind(overGrpc))('127.0.0.1:0', ServerCredentials.createInsecure());
const app = express();
const listener = app.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${listener.address().port}`;
  const card = {
    name: 'Interop', description: 'Shows every behaviour that a client may meet.', version: '1.0.0',
    protocolVersion: '0.3.0', url: `${url}/rpc`, preferredTransport: 'JSONRPC',
    additionalInterfaces: [
      { transport: 'HTTP+JSON', url: `${url}/rest` }, { transport: 'GRPC', url: `127.0.0.1:${grpcPort}` },
    ],
    capabilities: { streaming: true, pushNotifications: true }, supportsAuthenticatedExtendedCard: true,
    defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'],
    skills: [{ id: 'interop', name: 'Interop', description: 'Every behaviour.', tags: ['test'] }],
  };
  const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), agent, undefined,
    new InMemoryPushNotificationStore(), undefined, { ...card, name: 'Interop for those it knows' });
  const options = { requestHandler, userBuilder: callerOf };
  app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler }));
  app.use('/rpc', jsonRpcHandler(options));
  app.use('/rest', restHandler(options));
  overGrpc.addService(A2AService, grpcService(options));
  console.log(url);
});
process.stdin.on('end', () => process.exit(0)).resume();
