// llama.cpp behind OpenAI's chat completions, streamed: server.mjs MODEL prints its URL. The model "short" says 24
// characters, "endless" does not stop. Every request is a conversation of its own.

import http from 'node:http';
import { getLlama, LlamaChatSession } from 'node-llama-cpp';

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: 'error', maxThreads: 1 });
const model = await llama.loadModel({ modelPath: process.argv[2] });
const context = await model.createContext({ threads: 1 });
const sequence = context.getSequence();

const asItem = ({ role, content }) => (role === 'assistant'
  ? { type: 'model', response: [content] } : { type: role, text: content });

async function readJson(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

function write(response, delta, finish_reason = null) {
  if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const chunk = { object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}

async function complete({ model: name, messages }, response) {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the client has gone')));
  const length = messages.reduce((sum, { content }) => sum + model.tokenize(content).length, 0);
  if (length > context.contextSize) throw new Error(`${length} tokens exceed the context of ${context.contextSize}`);
  await sequence.clearHistory();
  const session = new LlamaChatSession({ contextSequence: sequence });
  session.setChatHistory(messages.slice(0, -1).map(asItem));
  await session.prompt(messages.at(-1).content, {
    maxTokens: name === 'endless' ? undefined : 24, signal: gone.signal,
    onTextChunk: (content) => write(response, { content }),
  });
  write(response, {}, 'length');
  response.end('data: [DONE]\n\n');
}

let queue = Promise.resolve();
const server = http.createServer((request, response) => {
  queue = queue.then(async () => {
    try {
      await complete(await readJson(request), response);
    } catch (error) {
      console.log(error.message);
      if (response.headersSent) {
        response.end();
      } else {
        response.writeHead(400, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ error: { message: error.message } }));
      }
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listens on http://127.0.0.1:${server.address().port}/v1`));
