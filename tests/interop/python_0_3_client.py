"""Every operation of A2A 0.3 through the official Python SDK that speaks it, with its default settings, over one binding:
python_0_3_client.py SDK_VERSION URL JSONRPC|HTTP+JSON|GRPC."""

import asyncio
import base64
import contextlib
import sys
import uuid

import grpc
import httpx
from a2a import types
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientHTTPError, A2AClientJSONRPCError
from a2a.types import Role, TaskState

SDK, URL, BINDING = sys.argv[1:4]
# Releases before 0.3.21 know no TASK_STATE_REJECTED in the form of the protocol buffer.
REJECTED = TaskState.rejected if BINDING == "JSONRPC" or SDK == "0.3.26" else TaskState.unknown


CODES = {-32001: grpc.StatusCode.NOT_FOUND, -32002: grpc.StatusCode.FAILED_PRECONDITION,
         -32003: grpc.StatusCode.FAILED_PRECONDITION, -32004: grpc.StatusCode.FAILED_PRECONDITION,
         -32602: grpc.StatusCode.INVALID_ARGUMENT}


def text(value):
    return types.Part(root=types.TextPart(text=value))


def message(value, *parts, **fields):
    return types.Message(message_id=str(uuid.uuid4()), role=Role.user, parts=[text(value), *parts], **fields)


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


@contextlib.contextmanager
def refused(number, status):
    """JSON-RPC tells the number, HTTP+JSON its status, and gRPC one of its own."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        equal((BINDING, error.code()), ("GRPC", CODES[number]))
    except A2AClientJSONRPCError as error:
        equal((BINDING, error.error.code), ("JSONRPC", number))
    except A2AClientHTTPError as error:
        equal((BINDING, error.status_code), ("HTTP+JSON", status))
    else:
        raise AssertionError(f"{number} was not raised")


async def collect(stream):
    return [item async for item in stream]


async def send(client, value, *parts, **fields):
    """The only answer: a task, or a message."""
    answers = await collect(client.send_message(message(value, *parts, **fields)))
    equal(len(answers), 1)
    return answers[0][0] if isinstance(answers[0], tuple) else answers[0]


def text_of(artifact):
    return "".join(part.root.text for part in artifact.parts)


def check_final(events):
    """Of the status updates of a whole stream only the last is final; there is none where the agent was quicker than it."""
    updates = [update for _, update in events if isinstance(update, types.TaskStatusUpdateEvent)]
    if updates:
        equal([update.final for update in updates], [False] * (len(updates) - 1) + [True])


async def check_sends(unary, streaming):
    task = await send(unary, "echo hi")
    equal(task.status.state, TaskState.completed)
    equal(text_of(task.artifacts[0]), "Echo: echo hi")

    events = await collect(streaming.send_message(message("count")))
    task, _ = events[-1]
    equal(task.status.state, TaskState.completed)
    equal(text_of(task.artifacts[0]), "1 2 3 4 5 ")
    check_final(events)

    answer = await send(unary, "direct")
    equal(answer.parts[0].root.text, "Just a message.")
    equal(answer.role, Role.agent)
    streamed = await collect(streaming.send_message(message("direct")))
    equal([type(item) for item in streamed], [types.Message])

    task = await send(unary, "fail")
    equal(task.status.state, TaskState.failed)
    equal(task.status.message.parts[0].root.text, "as you wished")
    equal((await send(unary, "nonsense")).status.state, REJECTED)


async def check_files(unary):
    content = base64.b64encode(bytes(range(256))).decode()
    file = types.FileWithBytes(bytes=content, name="all.bin", mime_type="application/octet-stream")
    task = await send(unary, "file", types.Part(root=types.FilePart(file=file)),
                      types.Part(root=types.DataPart(data={"k": [1, "two"]})))
    artifacts = {artifact.artifact_id: artifact for artifact in task.artifacts}
    equal(artifacts["all.bin"].parts[0].root.file.bytes, content)
    equal(artifacts["all.bin"].parts[0].root.file.name, "all.bin")
    equal(artifacts["data"].parts[0].root.data, {"done": True, "list": [1, "two", None]})
    equal(task.history[0].parts[1].root.file.bytes, content)
    equal(task.history[0].parts[2].root.data, {"k": [1, "two"]})


async def check_turns(unary, streaming):
    task = await send(unary, "ask")
    equal(task.status.state, TaskState.input_required)
    equal(task.status.message.parts[0].root.text, "What is your name?")
    done = await send(unary, "Ada", task_id=task.id, context_id=task.context_id)
    equal((done.id, text_of(done.artifacts[0])), (task.id, "Hello, Ada!"))

    events = await collect(streaming.send_message(message("ask")))
    task, _ = events[-1]
    equal(task.status.state, TaskState.input_required)
    check_final(events)
    events = await collect(streaming.send_message(message("Bob", task_id=task.id, context_id=task.context_id)))
    equal(events[-1][0].status.state, TaskState.completed)


async def check_get(unary):
    task = await send(unary, "echo x")
    got = await unary.get_task(types.TaskQueryParams(id=task.id, history_length=1))
    equal((got.id, len(got.history)), (task.id, 1))


async def check_cancel_and_resubscribe(polling, streaming):
    task = await send(polling, "wait")
    assert task.status.state in (TaskState.submitted, TaskState.working), task
    events = []
    async for event in streaming.resubscribe(types.TaskIdParams(id=task.id)):
        if not events:
            equal(event[0].id, task.id)
            cancelling = asyncio.ensure_future(polling.cancel_task(types.TaskIdParams(id=task.id)))
        events.append(event)
    equal(events[-1][0].status.state, TaskState.canceled)
    check_final(events)
    equal((await cancelling).status.state, TaskState.canceled)


async def check_errors(unary, streaming):
    unknown = str(uuid.uuid4())
    done = await send(unary, "echo done")
    with refused(-32001, 404):
        await unary.get_task(types.TaskQueryParams(id=unknown))
    with refused(-32001, 404):
        await unary.cancel_task(types.TaskIdParams(id=unknown))
    # Over HTTP+JSON the SDK calls whatever is no event stream a 400.
    with refused(-32001, 400):
        await collect(streaming.resubscribe(types.TaskIdParams(id=unknown)))
    with refused(-32001, 404):
        await send(unary, "more", task_id=unknown)
    with refused(-32002, 400):
        await unary.cancel_task(types.TaskIdParams(id=done.id))
    with refused(-32004, 400):
        await collect(streaming.resubscribe(types.TaskIdParams(id=done.id)))
    with refused(-32004, 400):
        await send(unary, "more", task_id=done.id, context_id=done.context_id)
    with refused(-32602, 400):
        await collect(unary.send_message(types.Message(message_id="", role=Role.user, parts=[])))


async def check_push_configs(unary, polling):
    """Of the four operations this client has the first two."""
    task = await send(polling, "wait")
    config = types.PushNotificationConfig(id="c", url="https://example.com/hook")
    made = await unary.set_task_callback(
        types.TaskPushNotificationConfig(task_id=task.id, push_notification_config=config))
    equal((made.task_id, made.push_notification_config.url), (task.id, config.url))
    got = await unary.get_task_callback(
        types.GetTaskPushNotificationConfigParams(id=task.id, push_notification_config_id="c"))
    equal((got.task_id, got.push_notification_config.url), (task.id, config.url))
    await unary.cancel_task(types.TaskIdParams(id=task.id))


async def check_slow(unary, polling, streaming):
    """Twelve silent seconds of a blocking send, a stream and a resubscription, and a stream of 24 s, all with the SDK's
    default timeout."""
    async def sent():
        return await send(unary, "slow")

    async def streamed():
        return (await collect(streaming.send_message(message("slow"))))[-1][0]

    async def resubscribed():
        task = await send(polling, "slow")
        return (await collect(streaming.resubscribe(types.TaskIdParams(id=task.id))))[-1][0]

    async def dripped():
        return (await collect(streaming.send_message(message("drip"))))[-1][0]

    tasks = await asyncio.gather(sent(), streamed(), resubscribed(), dripped())
    for task, answer in zip(tasks, ["at last", "at last", "at last", "1 2 3 4 "]):
        equal((task.status.state, text_of(task.artifacts[0])), (TaskState.completed, answer))


async def main():
    async with httpx.AsyncClient() as http:
        card = await A2ACardResolver(http, URL).get_agent_card()
        old_path = await A2ACardResolver(http, URL, agent_card_path="/.well-known/agent.json").get_agent_card()
    equal((card.name, card.protocol_version), ("Interop", "0.3.0"))
    equal(old_path, card)
    transports = {"JSONRPC": [], "HTTP+JSON": ["HTTP+JSON"], "GRPC": ["GRPC"]}[BINDING]
    channel = {"grpc_channel_factory": grpc.aio.insecure_channel} if BINDING == "GRPC" else {}  # it has no default

    def client(**settings):
        return ClientFactory(ClientConfig(supported_transports=transports, use_client_preference=bool(transports),
                                          **channel, **settings)).create(card)

    # Not as context managers: in older releases of 0.3 a client is none.
    unary, streaming, polling = client(streaming=False), client(), client(streaming=False, polling=True)
    await check_sends(unary, streaming)
    await check_files(unary)
    await check_turns(unary, streaming)
    await check_get(unary)
    await check_cancel_and_resubscribe(polling, streaming)
    await check_errors(unary, streaming)
    await check_push_configs(unary, polling)
    await check_slow(unary, polling, streaming)
    print("checked: send, stream, files, several turns, get, cancel, resubscribe, errors, push configurations, "
          "12 s of silence, a stream of 24 s")


asyncio.run(main())
