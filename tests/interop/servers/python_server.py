"""An agent built with the official Python SDK 1.x, for our client. It also answers 0.3, by the SDK's own compatibility. It
prints its URL, and ends when its standard input does."""

import asyncio

import grpc
import httpx
import python_agent
from a2a.client import A2ACardResolver, ClientCallContext, ClientConfig, ClientFactory
from a2a.compat.v0_3 import a2a_v0_3_pb2_grpc
from a2a.compat.v0_3.grpc_handler import CompatGrpcHandler
from a2a.helpers import new_data_part, new_task, new_text_message, new_text_part
from a2a.server.request_handlers import DefaultRequestHandler, GrpcHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryPushNotificationConfigStore, InMemoryTaskStore
from a2a.types import a2a_pb2 as pb
from a2a.types import a2a_pb2_grpc
from starlette.applications import Starlette


class Agent(python_agent.Agent):
    text_part = staticmethod(new_text_part)
    data_part = staticmethod(new_data_part)

    def text_in(self, message):
        return message.parts[0].text

    def direct(self, text, context):
        return new_text_message(text, context_id=context.context_id)

    def new_task(self, context):
        return new_task(context.task_id, context.context_id, pb.TASK_STATE_SUBMITTED, history=[context.message])

    async def ask_name(self, task, question):
        await task.requires_input(question)

    async def relayed(self, url, words, headers):
        async with httpx.AsyncClient() as http:
            card = await A2ACardResolver(http, url).get_agent_card()
        asked = pb.SendMessageRequest(message=pb.Message(message_id="relayed", role=pb.ROLE_USER, parts=[pb.Part(text=words)]))
        async with ClientFactory(ClientConfig(streaming=False)).create(card) as client:
            passing_on = ClientCallContext(service_parameters=headers)
            answers = [answer async for answer in client.send_message(asked, context=passing_on)]
        return answers[0].task.artifacts[0].parts[0]


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
    listener, url = python_agent.listen()
    over_grpc = grpc.aio.server()
    card = agent_card(url, f"127.0.0.1:{over_grpc.add_insecure_port('127.0.0.1:0')}")
    extended = pb.AgentCard()
    extended.CopyFrom(card)
    extended.name = "Interop for those it knows"
    handler = DefaultRequestHandler(Agent(), InMemoryTaskStore(), card, extended_agent_card=extended,
                                    push_config_store=InMemoryPushNotificationConfigStore())
    app = Starlette(routes=[
        *create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/rpc", enable_v0_3_compat=True),
        *create_rest_routes(handler, path_prefix="/rest", enable_v0_3_compat=True)])
    a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(handler), over_grpc)
    a2a_v0_3_pb2_grpc.add_A2AServiceServicer_to_server(CompatGrpcHandler(handler), over_grpc)
    await python_agent.serve(app, listener, url, over_grpc)


asyncio.run(main())
