"""Every operation of A2A 1.0 through the official Python SDK, over one binding: python_client.py URL BINDING."""

import asyncio
import contextlib
import sys
import uuid

import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.types import a2a_pb2 as pb
from a2a.utils import errors

URL, BINDING = sys.argv[1:3]


def message(text, **fields):
    return pb.Message(message_id=str(uuid.uuid4()), role=pb.ROLE_USER, parts=[pb.Part(text=text)], **fields)


def request(text, configuration=None, **fields):
    return pb.SendMessageRequest(message=message(text, **fields), configuration=configuration)


@contextlib.contextmanager
def raises(kind):
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


async def collect(stream):
    return [item async for item in stream]


async def first_task(unary, text, **fields):
    answers = await collect(unary.send_message(request(text, **fields)))
    equal(len(answers), 1)
    return answers[0].task


def kinds(events):
    return [event.WhichOneof("payload") for event in events]


def state(event):
    """Of a status update; or of the Task at the beginning, where the agent was quicker than the stream."""
    return (event.task if event.HasField("task") else event.status_update).status.state


async def check_sends(unary, streaming):
    task = await first_task(unary, "echo hi")
    equal(task.status.state, pb.TASK_STATE_COMPLETED)
    equal(task.artifacts[0].parts[0].text, "Echo: echo hi")

    events = await collect(streaming.send_message(request("count")))
    equal(kinds(events)[0], "task")
    # The Task at the beginning holds what had happened by then; the chunks go on from there.
    text = "".join(part.text for artifact in events[0].task.artifacts for part in artifact.parts)
    chunks = [event.artifact_update for event in events if event.HasField("artifact_update")]
    for chunk in chunks:
        equal(chunk.append, text != "")
        text += chunk.artifact.parts[0].text
    equal(text, "1 2 3 4 5 ")
    equal([chunk.last_chunk for chunk in chunks], [False] * (len(chunks) - 1) + [True])
    equal(state(events[-1]), pb.TASK_STATE_COMPLETED)

    answers = await collect(unary.send_message(request("direct")))
    equal(answers[0].message.parts[0].text, "Just a message.")
    events = await collect(streaming.send_message(request("direct")))
    equal(kinds(events), ["message"])

    task = await first_task(unary, "fail")
    equal(task.status.state, pb.TASK_STATE_FAILED)
    equal(task.status.message.parts[0].text, "as you wished")


async def check_files(unary):
    content = bytes(range(256))
    asked = request("file")
    asked.message.parts.append(
        pb.Part(raw=content, filename="all.bin", media_type="application/octet-stream"))
    answers = await collect(unary.send_message(asked))
    artifacts = {artifact.artifact_id: artifact for artifact in answers[0].task.artifacts}
    equal(artifacts["all.bin"].parts[0].raw, content)
    equal(artifacts["all.bin"].parts[0].filename, "all.bin")
    data = artifacts["data"].parts[0].data.struct_value
    equal(data["done"], True)
    equal(list(data["list"]), [1.0, "two", None])


async def check_turns(unary, streaming):
    task = await first_task(unary, "ask")
    equal(task.status.state, pb.TASK_STATE_INPUT_REQUIRED)
    equal(task.status.message.parts[0].text, "What is your name?")
    done = await first_task(unary, "Ada", task_id=task.id, context_id=task.context_id)
    equal(done.id, task.id)
    equal(done.artifacts[0].parts[0].text, "Hello, Ada!")

    events = await collect(streaming.send_message(request("ask")))
    equal(state(events[-1]), pb.TASK_STATE_INPUT_REQUIRED)
    follow_up = request("Bob", task_id=events[0].task.id, context_id=events[0].task.context_id)
    events = await collect(streaming.send_message(follow_up))
    equal(state(events[-1]), pb.TASK_STATE_COMPLETED)


async def check_get_and_list(unary):
    context_id = str(uuid.uuid4())
    made = [await first_task(unary, f"echo {i}", context_id=context_id) for i in range(3)]
    task = await unary.get_task(pb.GetTaskRequest(id=made[0].id, history_length=1))
    equal(task.id, made[0].id)
    equal(len(task.history), 1)
    equal(task.history[0].parts[0].text, "echo 0")

    listed = []
    token = ""
    while True:
        page = await unary.list_tasks(pb.ListTasksRequest(context_id=context_id, page_size=2, page_token=token,
                                                          status=pb.TASK_STATE_COMPLETED))
        equal(page.total_size, 3)
        listed += [entry.id for entry in page.tasks]
        token = page.next_page_token
        if not token:
            break
    equal(sorted(listed), sorted(entry.id for entry in made))


async def check_cancel_and_subscribe(unary, streaming):
    task = await first_task(unary, "wait", configuration=pb.SendMessageConfiguration(return_immediately=True))
    assert task.status.state in (pb.TASK_STATE_SUBMITTED, pb.TASK_STATE_WORKING), task

    events = []
    async for event in streaming.subscribe(pb.SubscribeToTaskRequest(id=task.id)):
        if not events:
            equal(kinds([event]), ["task"])
            cancelling = asyncio.ensure_future(unary.cancel_task(pb.CancelTaskRequest(id=task.id)))
        events.append(event)
    equal(state(events[-1]), pb.TASK_STATE_CANCELED)
    equal((await cancelling).status.state, pb.TASK_STATE_CANCELED)

    stream = streaming.send_message(request("wait"))
    first = await anext(stream)
    await unary.cancel_task(pb.CancelTaskRequest(id=first.task.id))
    rest = await collect(stream)
    equal(state(rest[-1]), pb.TASK_STATE_CANCELED)


async def check_errors(unary, streaming):
    unknown = str(uuid.uuid4())
    done = await first_task(unary, "echo done")
    with raises(errors.TaskNotFoundError):
        await unary.get_task(pb.GetTaskRequest(id=unknown))
    with raises(errors.TaskNotFoundError):
        await unary.cancel_task(pb.CancelTaskRequest(id=unknown))
    with raises(errors.TaskNotFoundError):
        await collect(streaming.subscribe(pb.SubscribeToTaskRequest(id=unknown)))
    with raises(errors.TaskNotFoundError):
        await collect(unary.send_message(request("more", task_id=unknown)))
    with raises(errors.TaskNotCancelableError):
        await unary.cancel_task(pb.CancelTaskRequest(id=done.id))
    with raises(errors.UnsupportedOperationError):
        await collect(streaming.subscribe(pb.SubscribeToTaskRequest(id=done.id)))
    with raises(errors.UnsupportedOperationError):
        await collect(unary.send_message(request("more", task_id=done.id, context_id=done.context_id)))
    # Over HTTP+JSON a bad field is a 400 with BadRequest, and no reason by which the SDK would know the type.
    with raises(errors.InvalidParamsError if BINDING == "JSONRPC" else errors.A2AError):
        await collect(unary.send_message(pb.SendMessageRequest(message=pb.Message(message_id="1"))))


async def check_push_configs(unary):
    task = await first_task(unary, "wait", configuration=pb.SendMessageConfiguration(return_immediately=True))
    hook = "https://example.com/hook"
    named = {"task_id": task.id, "id": "c"}
    equal((await unary.create_task_push_notification_config(pb.TaskPushNotificationConfig(**named, url=hook))).url, hook)
    equal((await unary.get_task_push_notification_config(pb.GetTaskPushNotificationConfigRequest(**named))).url, hook)
    of_task = pb.ListTaskPushNotificationConfigsRequest(task_id=task.id)
    equal([one.id for one in (await unary.list_task_push_notification_configs(of_task)).configs], ["c"])
    await unary.delete_task_push_notification_config(pb.DeleteTaskPushNotificationConfigRequest(**named))
    equal(len((await unary.list_task_push_notification_configs(of_task)).configs), 0)
    await unary.cancel_task(pb.CancelTaskRequest(id=task.id))


async def check_extended_card(card):
    claims_more = pb.AgentCard()
    claims_more.CopyFrom(card)
    claims_more.capabilities.extended_agent_card = True
    async with client_for(claims_more, streaming=False) as client:
        with raises(errors.UnsupportedOperationError):
            await client.get_extended_agent_card(pb.GetExtendedAgentCardRequest())


async def check_slow(unary, streaming):
    """Twelve silent seconds and a stream of 24 s, as the SDK waits unless it is told otherwise."""
    async def send():
        task = await first_task(unary, "slow")
        equal(task.status.state, pb.TASK_STATE_COMPLETED)
        equal(task.artifacts[0].parts[0].text, "at last")

    async def stream():
        events = await collect(streaming.send_message(request("slow")))
        equal(state(events[-1]), pb.TASK_STATE_COMPLETED)

    async def resubscribe():
        task = await first_task(unary, "slow", configuration=pb.SendMessageConfiguration(return_immediately=True))
        events = await collect(streaming.subscribe(pb.SubscribeToTaskRequest(id=task.id)))
        equal(state(events[-1]), pb.TASK_STATE_COMPLETED)

    async def long_stream():
        events = await collect(streaming.send_message(request("drip")))
        chunks = [event.artifact_update.artifact.parts[0].text for event in events if event.HasField("artifact_update")]
        equal("".join(part.text for artifact in events[0].task.artifacts for part in artifact.parts) + "".join(chunks),
              "1 2 3 4 ")
        equal(state(events[-1]), pb.TASK_STATE_COMPLETED)

    await asyncio.gather(send(), stream(), resubscribe(), long_stream())


def client_for(card, streaming):
    config = ClientConfig(streaming=streaming, supported_protocol_bindings=[BINDING])
    if BINDING == "GRPC":
        import grpc  # the SDK has no default for how to reach the address of the card
        config.grpc_channel_factory = grpc.aio.insecure_channel
    return ClientFactory(config).create(card)


async def main():
    async with httpx.AsyncClient() as http:
        card = await A2ACardResolver(http, URL).get_agent_card()
    equal(card.name, "Interop")
    async with client_for(card, streaming=False) as unary, client_for(card, streaming=True) as streaming:
        await check_sends(unary, streaming)
        await check_files(unary)
        await check_turns(unary, streaming)
        await check_get_and_list(unary)
        await check_cancel_and_subscribe(unary, streaming)
        await check_errors(unary, streaming)
        await check_push_configs(unary)
        await check_slow(unary, streaming)
    await check_extended_card(card)
    print("checked: send, stream, files, several turns, get, list, cancel, subscribe, errors, push configurations, extended card, "
          "12 s of silence, a stream of 24 s")


asyncio.run(main())
