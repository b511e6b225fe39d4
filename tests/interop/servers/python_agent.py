"""What the agents built with either official Python SDK share: the first word of a message says how they behave, as in
interop_agent.cpp. Everything that the SDKs name alike is here; the rest is a method of the agent of each."""

import asyncio
import socket
import sys

import uvicorn
from a2a.server.agent_execution import AgentExecutor
from a2a.server.tasks import TaskUpdater


class Agent(AgentExecutor):
    """`text_in` a message, a `text_part` and a `data_part`, an answer `direct`ly, a `new_task`, to `ask_name`, and what
    another agent answers (`relayed`) are the SDK's own."""

    def passed_on(self, context):
        """The headers, or the metadata of gRPC, by which a circle of agents is traced and comes to an end."""
        state = context.call_context.state
        headers = state.get("headers") or dict(state["grpc_context"].invocation_metadata())
        return {name: headers[name] for name in ("traceparent", "x-a2a-hops") if name in headers}

    async def execute(self, context, event_queue):
        text = self.text_in(context.message)
        word = text.split(" ")[0]
        if word == "direct":
            await event_queue.enqueue_event(self.direct("Just a message.", context))
            return
        if context.current_task:
            task = TaskUpdater(event_queue, context.current_task.id, context.current_task.context_id)
            await task.add_artifact([self.text_part(f"Hello, {text}!")])
            await task.complete()
            return
        created = self.new_task(context)
        await event_queue.enqueue_event(created)
        task = TaskUpdater(event_queue, created.id, created.context_id)
        await task.start_work()
        if word == "relay":
            await self.relay(task, text, self.passed_on(context))
            return
        await getattr(self, word)(task, text, context.message)

    async def echo(self, task, text, message):
        await task.add_artifact([self.text_part(f"Echo: {text}")])
        await task.complete()

    async def count(self, task, text, message):
        for i in range(1, 6):
            await task.add_artifact([self.text_part(f"{i} ")], artifact_id="numbers", append=i > 1, last_chunk=i == 5)
        await task.complete()

    async def ask(self, task, text, message):
        await self.ask_name(task, task.new_agent_message([self.text_part("What is your name?")]))

    async def fail(self, task, text, message):
        await task.failed(task.new_agent_message([self.text_part("as you wished")]))

    async def file(self, task, text, message):
        await task.add_artifact([message.parts[1]])
        await task.add_artifact([self.data_part({"done": True, "list": [1, "two", None]})])
        await task.complete()

    async def relay(self, task, text, headers):
        _, url, words = text.split(" ", 2)
        await task.add_artifact([await self.relayed(url, words, headers)])
        await task.complete()

    async def wait(self, task, text, message):
        await asyncio.Event().wait()

    async def cancel(self, context, event_queue):
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def listen():
    """A socket on a free port, and the URL of what will be served there."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


async def serve(app, listener, url, over_grpc):
    """Prints the URL, and serves until the standard input ends."""
    await over_grpc.start()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    server.force_exit = True
    await serving
    await over_grpc.stop(None)
