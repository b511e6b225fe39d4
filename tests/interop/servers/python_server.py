"""An agent built with the official Python SDK 1.x, for our client: the first word of a message says how it behaves, as in
interop_agent.cpp. It also answers 0.3, by the SDK's own compatibility. It prints its URL, and ends when its standard input
does."""

import asyncio
import socket
import sys

import grpc
import httpx
import uvicorn
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.compat.v0_3 import a2a_v0_3_pb2_grpc
from a2a.compat.v0_3.grpc_handler import CompatGrpcHandler
from a2a.helpers import new_data_part, new_task, new_text_message, new_text_part
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler, GrpcHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryPushNotificationConfigStore, InMemoryTaskStore, TaskUpdater
from a2a.types import a2a_pb2 as pb
from a2a.types import a2a_pb2_grpc
from starlette.applications import Starlette


class Agent(AgentExecutor):
    async def execute(self, context, event_queue):
        text = context.message.parts[0].text
        word = text.split(" ")[0]
        if word == "direct":
            await event_queue.enqueue_event(new_text_message("Just a message.", context_id=context.context_id))
            return
        task = TaskUpdater(event_queue, context.task_id, context.context_id)
        if context.current_task:
            await task.add_artifact([new_text_part(f"Hello, {text}!")])
            await task.complete()
            return
        await event_queue.enqueue_event(new_task(context.task_id, context.context_id, pb.TASK_STATE_SUBMITTED,
                                                 history=[context.message]))
        await task.start_work()
        await getattr(self, word)(task, text, context.message)

    async def echo(self, task, text, message):
        await task.add_artifact([new_text_part(f"Echo: {text}")])
        await task.complete()

    async def count(self, task, text, message):
        for i in range(1, 6):
            await task.add_artifact([new_text_part(f"{i} ")], artifact_id="numbers", append=i > 1, last_chunk=i == 5)
        await task.complete()

    async def ask(self, task, text, message):
        await task.requires_input(task.new_agent_message([new_text_part("What is your name?")]))

    async def fail(self, task, text, message):
        await task.failed(task.new_agent_message([new_text_part("as you wished")]))

    async def file(self, task, text, message):
        await task.add_artifact([message.parts[1]])
        await task.add_artifact([new_data_part({"done": True, "list": [1, "two", None]})])
        await task.complete()

    async def relay(self, task, text, message):
        _, url, words = text.split(" ", 2)
        async with httpx.AsyncClient() as http:
            card = await A2ACardResolver(http, url).get_agent_card()
        asked = pb.SendMessageRequest(message=pb.Message(message_id="relayed", role=pb.ROLE_USER, parts=[pb.Part(text=words)]))
        async with ClientFactory(ClientConfig(streaming=False)).create(card) as client:
            answers = [answer async for answer in client.send_message(asked)]
        await task.add_artifact([answers[0].task.artifacts[0].parts[0]])
        await task.complete()

    async def wait(self, task, text, message):
        await asyncio.Event().wait()

    async def cancel(self, context, event_queue):
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def agent_card(url, grpc_address):
    card = pb.AgentCard(
        name="Interop", description="Shows every behaviour that a client may meet.", version="1.0.0",
        capabilities=pb.AgentCapabilities(streaming=True, push_notifications=True, extended_agent_card=True),
        default_input_modes=["text/plain"], default_output_modes=["text/plain"],
        skills=[pb.AgentSkill(id="interop", name="Interop", description="Every behaviour.", tags=["test"])])
    for version in ("1.0", "0.3"):
        card.supported_interfaces.add(url=f"{url}/rpc", protocol_binding="JSONRPC", protocol_version=version)
        card.supported_interfaces.add(url=f"{url}/rest", protocol_binding="HTTP+JSON", protocol_version=version)
        card.supported_interfaces.add(url=grpc_address, protocol_binding="GRPC", protocol_version=version)
    return card


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    over_grpc = grpc.aio.server()
    card = agent_card(url, f"127.0.0.1:{over_grpc.add_insecure_port('127.0.0.1:0')}")
    extended = pb.AgentCard()
    extended.CopyFrom(card)
    extended.name = "Interop for those it knows"
    handler = DefaultRequestHandler(Agent(), InMemoryTaskStore(), card, extended_agent_card=extended,
                                    push_config_store=InMemoryPushNotificationConfigStore())
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[
        *create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/rpc", enable_v0_3_compat=True),
        *create_rest_routes(handler, path_prefix="/rest", enable_v0_3_compat=True)]), log_level="warning"))
    a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(handler), over_grpc)
    a2a_v0_3_pb2_grpc.add_A2AServiceServicer_to_server(CompatGrpcHandler(handler), over_grpc)
    await over_grpc.start()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    server.force_exit = True
    await serving
    await over_grpc.stop(None)


asyncio.run(main())
