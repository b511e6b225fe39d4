"""The official Python client with its own helpers for credentials: identified_client.py URL BINDING SCHEME CREDENTIAL

SCHEME is the name of a security scheme in the card of the agent, which it protects."""

import asyncio
import sys

import httpx
from a2a.client import A2ACardResolver, ClientCallContext, ClientConfig, ClientFactory
from a2a.client.auth import AuthInterceptor, InMemoryContextCredentialStore
from a2a.client.errors import A2AClientError
from a2a.types import a2a_pb2 as pb

URL, BINDING, SCHEME, CREDENTIAL = sys.argv[1:]


def request(text):
    return pb.SendMessageRequest(message=pb.Message(message_id=text, role=pb.ROLE_USER, parts=[pb.Part(text=text)]))


async def check(card, store):
    config = ClientConfig(supported_protocol_bindings=[BINDING])
    known = ClientCallContext(state={"sessionId": "known"})
    async with ClientFactory(config).create(card, [AuthInterceptor(store)]) as client:
        events = [event async for event in client.send_message(request("count"), context=known)]
        last = events[-1]
        # It is the task where the agent was quicker than the stream.
        told = last.task if last.HasField("task") else last.status_update
        assert told.status.state == pb.TASK_STATE_COMPLETED, events
        extended = await client.get_extended_agent_card(pb.GetExtendedAgentCardRequest(), context=known)
        assert extended.name == "Interop for alice", extended
        other = ClientCallContext(state={"sessionId": "other"})
        try:
            events = [event async for event in client.send_message(request("echo"), context=other)]
        except A2AClientError as error:
            assert "401" in str(error), error
        else:
            raise AssertionError(events)


async def main():
    store = InMemoryContextCredentialStore()
    await store.set_credentials("known", SCHEME, CREDENTIAL)
    async with httpx.AsyncClient() as http:
        card = await A2ACardResolver(http, URL).get_agent_card()
    assert SCHEME in card.security_schemes, card
    await check(card, store)


asyncio.run(main())
