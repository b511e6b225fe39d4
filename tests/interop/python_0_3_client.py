"""Through the last official Python SDK for protocol 0.3 with its default settings: python_0_3_client.py URL BINDING.

A quick send, and then twelve silent seconds of a blocking send, a stream and a resubscription.
"""

import asyncio
import sys
import uuid

import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.types import Message, MessageSendConfiguration, Part, Role, TaskIdParams, TaskState, TextPart

URL, BINDING = sys.argv[1:3]
SKIPPED = 77


def message(text):
    return Message(message_id=str(uuid.uuid4()), role=Role.user, parts=[Part(root=TextPart(text=text))])


async def last_task(events):
    """Of a stream of pairs: the task as the client put it together, and the update that it came from."""
    task = None
    async for task, _ in events:
        pass
    return task


def check_answer(task, answer):
    assert task.status.state == TaskState.completed, task
    text = task.artifacts[0].parts[0].root.text
    assert text == answer, text


async def check_slow(unary, streaming):
    async def send():
        check_answer(await last_task(unary.send_message(message("slow"))), "at last")

    async def stream():
        check_answer(await last_task(streaming.send_message(message("slow"))), "at last")

    async def resubscribe():
        waits_not = MessageSendConfiguration(blocking=False)
        task = await last_task(unary.send_message(message("slow"), configuration=waits_not))
        check_answer(await last_task(streaming.resubscribe(TaskIdParams(id=task.id))), "at last")

    await asyncio.gather(send(), stream(), resubscribe())


def client_for(card, streaming):
    config = ClientConfig(streaming=streaming, supported_transports=[BINDING], use_client_preference=True)
    return ClientFactory(config).create(card)


async def main():
    async with httpx.AsyncClient() as http:
        described = (await http.get(f"{URL}/.well-known/agent-card.json")).json()
        if "url" not in described:
            print("SKIPPED: the agent's card offers no protocol 0.3")
            sys.exit(SKIPPED)
        card = await A2ACardResolver(http, URL).get_agent_card()
    async with client_for(card, streaming=False) as unary, client_for(card, streaming=True) as streaming:
        check_answer(await last_task(unary.send_message(message("echo hi"))), "Echo: echo hi")
        await check_slow(unary, streaming)
    print(f"slow answers arrive over {BINDING}")


asyncio.run(main())
