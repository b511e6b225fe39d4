"""An agent built with the official Python SDK of protocol 0.3, for our client. It prints its URL, and ends when its
standard input does."""

import asyncio

import grpc
import httpx
import python_agent
from a2a import types
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.grpc import a2a_pb2_grpc
from a2a.server.apps import A2ARESTFastAPIApplication, A2AStarletteApplication
from a2a.server.request_handlers import DefaultRequestHandler, GrpcHandler
from a2a.server.tasks import InMemoryPushNotificationConfigStore, InMemoryTaskStore
from a2a.utils import new_agent_text_message, new_task
from starlette.applications import Starlette
from starlette.routing import Mount


class Agent(python_agent.Agent):
    def text_in(self, message):
        return message.parts[0].root.text

    def text_part(self, text):
        return types.Part(root=types.TextPart(text=text))

    def data_part(self, data):
        return types.Part(root=types.DataPart(data=data))

    def direct(self, text, context):
        return new_agent_text_message(text)

    def new_task(self, context):
        return new_task(context.message)

    async def ask_name(self, task, question):
        await task.requires_input(question, final=True)

    async def relayed(self, url, words, headers):
        asked = types.Message(message_id="relayed", role=types.Role.user, parts=[self.text_part(words)])
        async with httpx.AsyncClient(headers=headers) as http:
            card = await A2ACardResolver(http, url).get_agent_card()
            client = ClientFactory(ClientConfig(streaming=False, httpx_client=http)).create(card)
            answers = [answer async for answer in client.send_message(asked)]
        return answers[0][0].artifacts[0].parts[0]


def agent_card(url, grpc_address):
    return types.AgentCard(
        name="Interop", description="Shows every behaviour that a client may meet.", version="1.0.0", url=f"{url}/rpc",
        preferred_transport="JSONRPC",
        additional_interfaces=[types.AgentInterface(transport="HTTP+JSON", url=f"{url}/rest"),
                               types.AgentInterface(transport="GRPC", url=grpc_address)],
        capabilities=types.AgentCapabilities(streaming=True, push_notifications=True),
        supports_authenticated_extended_card=True, default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[types.AgentSkill(id="interop", name="Interop", description="Every behaviour.", tags=["test"])])


async def main():
    listener, url = python_agent.listen()
    over_grpc = grpc.aio.server()
    card = agent_card(url, f"127.0.0.1:{over_grpc.add_insecure_port('127.0.0.1:0')}")
    extended = card.model_copy(update={"name": "Interop for those it knows"})
    handler = DefaultRequestHandler(Agent(), InMemoryTaskStore(),
                                    push_config_store=InMemoryPushNotificationConfigStore())
    rest = A2ARESTFastAPIApplication(card, handler, extended_agent_card=extended).build()
    app = Starlette(routes=[Mount("/rest", rest)])
    A2AStarletteApplication(card, handler, extended_agent_card=extended).add_routes_to_app(app, rpc_url="/rpc")
    a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(card, handler), over_grpc)
    await python_agent.serve(app, listener, url, over_grpc)


asyncio.run(main())
