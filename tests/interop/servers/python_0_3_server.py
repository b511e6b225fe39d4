"""An agent built with the official Python SDK of protocol 0.3, for our client: the first word of a message says how it
behaves, as in interop_agent.cpp. It prints its URL, and ends when its standard input does."""

import asyncio
import socket
import sys

import httpx
import uvicorn
from a2a import types
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.server.agent_execution import AgentExecutor
from a2a.server.apps import A2ARESTFastAPIApplication, A2AStarletteApplication
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.tasks import InMemoryPushNotificationConfigStore, InMemoryTaskStore, TaskUpdater
from a2a.utils import new_agent_text_message, new_task
from starlette.applications import Starlette
from starlette.routing import Mount


def text_part(text):
    return types.Part(root=types.TextPart(text=text))


class Agent(AgentExecutor):
    async def execute(self, context, event_queue):
        text = context.message.parts[0].root.text
        word = text.split(" ")[0]
        if word == "direct":
            await event_queue.enqueue_event(new_agent_text_message("Just a message."))
            return
        if context.current_task:
            task = TaskUpdater(event_queue, context.current_task.id, context.current_task.context_id)
            await task.add_artifact([text_part(f"Hello, {text}!")])
            await task.complete()
            return
        created = new_task(context.message)
        await event_queue.enqueue_event(created)
        task = TaskUpdater(event_queue, created.id, created.context_id)
        await task.start_work()
        await getattr(self, word)(task, text, context.message)

    async def echo(self, task, text, message):
        await task.add_artifact([text_part(f"Echo: {text}")])
        await task.complete()

    async def count(self, task, text, message):
        for i in range(1, 6):
            await task.add_artifact([text_part(f"{i} ")], artifact_id="numbers", append=i > 1, last_chunk=i == 5)
        await task.complete()

    async def ask(self, task, text, message):
        await task.requires_input(task.new_agent_message([text_part("What is your name?")]), final=True)

    async def fail(self, task, text, message):
        await task.failed(task.new_agent_message([text_part("as you wished")]))

    async def file(self, task, text, message):
        await task.add_artifact([message.parts[1]])
        data = types.DataPart(data={"done": True, "list": [1, "two", None]})
        await task.add_artifact([types.Part(root=data)])
        await task.complete()

    async def relay(self, task, text, message):
        _, url, words = text.split(" ", 2)
        asked = types.Message(message_id="relayed", role=types.Role.user, parts=[text_part(words)])
        async with httpx.AsyncClient() as http:
            card = await A2ACardResolver(http, url).get_agent_card()
            client = ClientFactory(ClientConfig(streaming=False, httpx_client=http)).create(card)
            answers = [answer async for answer in client.send_message(asked)]
        await task.add_artifact([answers[0][0].artifacts[0].parts[0]])
        await task.complete()

    async def wait(self, task, text, message):
        await asyncio.Event().wait()

    async def cancel(self, context, event_queue):
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def agent_card(url):
    return types.AgentCard(
        name="Interop", description="Shows every behaviour that a client may meet.", version="1.0.0", url=f"{url}/rpc",
        preferred_transport="JSONRPC",
        additional_interfaces=[types.AgentInterface(transport="HTTP+JSON", url=f"{url}/rest")],
        capabilities=types.AgentCapabilities(streaming=True, push_notifications=True),
        supports_authenticated_extended_card=True, default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[types.AgentSkill(id="interop", name="Interop", description="Every behaviour.", tags=["test"])])


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    card = agent_card(url)
    extended = card.model_copy(update={"name": "Interop for those it knows"})
    handler = DefaultRequestHandler(Agent(), InMemoryTaskStore(),
                                    push_config_store=InMemoryPushNotificationConfigStore())
    rest = A2ARESTFastAPIApplication(card, handler, extended_agent_card=extended).build()
    app = Starlette(routes=[Mount("/rest", rest)])
    A2AStarletteApplication(card, handler, extended_agent_card=extended).add_routes_to_app(app, rpc_url="/rpc")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    server.force_exit = True
    await serving


asyncio.run(main())
