// An agent built with the official JavaScript SDK 1.x, for our client: the first word of a message says how it behaves, as
// in interop_agent.cpp. It also answers 0.3, by the SDK's own compatibility. It prints its URL, and ends when its standard
// input does.

import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Role, TaskState } from '@a2a-js/sdk';
import { ClientFactory } from '@a2a-js/sdk/client';
import {
  AgentEvent, DefaultRequestHandler, InMemoryPushNotificationStore, InMemoryTaskStore, STATE_HEADERS_KEY,
} from '@a2a-js/sdk/server';
import { LegacyA2AService, legacyGrpcService } from '@a2a-js/sdk/compat/v0_3/server/grpc';
import { agentCardHandler, jsonRpcHandler, restHandler } from '@a2a-js/sdk/server/express';
import { A2AService, grpcService } from '@a2a-js/sdk/server/grpc';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import express from 'express';

const text = (value) => ({ content: { $case: 'text', value }, filename: '', mediaType: '', metadata: undefined });

const message = (value, task) => ({
  messageId: randomUUID(), role: Role.ROLE_AGENT, parts: [text(value)], taskId: task?.id ?? '',
  contextId: task?.contextId ?? '', extensions: [], referenceTaskIds: [], metadata: undefined,
});

/** What one turn publishes. */
class Turn {
  constructor(task, bus) {
    this.task = task;
    this.bus = bus;
  }
  status(state, said) {
    this.bus.publish(AgentEvent.statusUpdate({
      taskId: this.task.id, contextId: this.task.contextId, metadata: undefined,
      status: { state, message: said && message(said, this.task), timestamp: new Date().toISOString() },
    }));
  }
  artifact(part, artifactId = randomUUID(), append = false, lastChunk = false) {
    this.bus.publish(AgentEvent.artifactUpdate({
      taskId: this.task.id, contextId: this.task.contextId, append, lastChunk, metadata: undefined,
      artifact: { artifactId, name: '', description: '', parts: [part], extensions: [], metadata: undefined },
    }));
  }
  complete() {
    this.status(TaskState.TASK_STATE_COMPLETED);
  }
}

const cancelled = new Map();

const behaviours = {
  echo(turn, said) {
    turn.artifact(text(`Echo: ${said}`));
    turn.complete();
  },
  count(turn) {
    for (let i = 1; i <= 5; ++i) turn.artifact(text(`${i} `), 'numbers', i > 1, i === 5);
    turn.complete();
  },
  ask(turn) {
    turn.status(TaskState.TASK_STATE_INPUT_REQUIRED, 'What is your name?');
  },
  fail(turn) {
    turn.status(TaskState.TASK_STATE_FAILED, 'as you wished');
  },
  file(turn, said, given) {
    turn.artifact(given[1]);
    turn.artifact({ ...text(''), content: { $case: 'data', value: { done: true, list: [1, 'two', null] } } });
    turn.complete();
  },
  async relay(turn, said, given, serviceParameters) {
    const [, url, words] = said.match(/^\w+ (\S+) (.*)$/);
    const client = await new ClientFactory().createFromUrl(url);
    const asked = { ...message(words), role: Role.ROLE_USER };
    const request = { message: asked, tenant: '', configuration: undefined, metadata: undefined };
    const answer = await client.sendMessage(request, { serviceParameters });
    turn.artifact(answer.artifacts[0].parts[0]);
    turn.complete();
  },
  async wait(turn) {
    await new Promise((stop) => cancelled.set(turn.task.id, stop));
    turn.status(TaskState.TASK_STATE_CANCELED);
  },
};

/** The headers, or the metadata of gRPC, by which a circle of agents is traced and comes to an end. */
function passedOn(headers) {
  const names = ['traceparent', 'x-a2a-hops'].filter((name) => headers[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]));
}

const agent = {
  async execute({ taskId, contextId, userMessage, task, context }, bus) {
    const said = userMessage.parts[0].content.value;
    const word = said.split(' ')[0];
    if (word === 'direct') {
      bus.publish(AgentEvent.message(message('Just a message.')));
      bus.finished();
      return;
    }
    const current = task ?? {
      id: taskId, contextId, artifacts: [], history: [userMessage], metadata: undefined,
      status: { state: TaskState.TASK_STATE_SUBMITTED, message: undefined, timestamp: new Date().toISOString() },
    };
    bus.publish(AgentEvent.task(current));
    const turn = new Turn(current, bus);
    turn.status(TaskState.TASK_STATE_WORKING);
    if (task) {
      turn.artifact(text(`Hello, ${said}!`));
      turn.complete();
    } else {
      await behaviours[word](turn, said, userMessage.parts, passedOn(context.state.get(STATE_HEADERS_KEY)));
    }
    bus.finished();
  },
  async cancelTask(taskId) {
    cancelled.get(taskId)?.();
  },
};

function agentCard(url, grpcAddress) {
  const interfaces = ['1.0', '0.3'].flatMap((protocolVersion) => [
    { url: `${url}/rpc`, protocolBinding: 'JSONRPC', protocolVersion, tenant: '' },
    { url: `${url}/rest`, protocolBinding: 'HTTP+JSON', protocolVersion, tenant: '' },
    { url: grpcAddress, protocolBinding: 'GRPC', protocolVersion, tenant: '' },
  ]);
  return {
    name: 'Interop', description: 'Shows every behaviour that a client may meet.', version: '1.0.0', provider: undefined,
    supportedInterfaces: interfaces, securitySchemes: {}, securityRequirements: [], signatures: [],
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true, extensions: [] },
    defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'],
    skills: [{
      id: 'interop', name: 'Interop', description: 'Every behaviour.', tags: ['test'], examples: [], inputModes: [],
      outputModes: [], securityRequirements: [],
    }],
  };
}

/** The SDK shows the extended card only to callers that it knows. */
const knowsEveryone = async () => ({ isAuthenticated: true, userName: 'everyone' });

const overGrpc = new Server();
const grpcPort = await promisify(overGrpc.bindAsync.bind(overGrpc))('127.0.0.1:0', ServerCredentials.createInsecure());
const app = express();
const listener = app.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${listener.address().port}`;
  const card = agentCard(url, `127.0.0.1:${grpcPort}`);
  const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), agent, undefined,
    new InMemoryPushNotificationStore(), undefined, { ...card, name: 'Interop for those it knows' });
  const options = { requestHandler, userBuilder: knowsEveryone, legacyCompat: { enabled: true } };
  app.use('/.well-known/agent-card.json',
    agentCardHandler({ agentCardProvider: requestHandler, legacyCompat: { enabled: true } }));
  app.use('/rpc', jsonRpcHandler(options));
  app.use('/rest', restHandler(options));
  overGrpc.addService(A2AService, grpcService(options));
  overGrpc.addService(LegacyA2AService, legacyGrpcService(options));
  console.log(url);
});
process.stdin.on('end', () => process.exit(0)).resume();
