#!/usr/bin/env python3
"""Every operation, error and stream in each dialect, 1.0 and 0.3 over JSON-RPC, HTTP+JSON and gRPC: the same results once
the form is taken away, and one task in the hands of several dialects.

usage: dialects.py AGENT memory|sqlite|postgres PROTOCOL|- [unittest's arguments]
    AGENT: tests/interop/interop_agent; PROTOCOL: the folder of the .proto files; -: the agent is built without gRPC
"""
import base64
import contextlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import engines  # noqa: E402
from dialect_bindings import HttpJson, JsonRpc, OverHttp  # noqa: E402
from dialect_forms import Form03, Form10, FormProto, FormSchema, Refused  # noqa: E402

# One line per dialect. Those over gRPC follow when the server has said where it listens.
DIALECTS = [JsonRpc("1.0 JSON-RPC", Form10()), HttpJson("1.0 HTTP+JSON", Form10()),
            JsonRpc("0.3 JSON-RPC", FormSchema()), HttpJson("0.3 HTTP+JSON", FormProto())]
# The field historyLength of 0.3's protocol buffers does not tell 0 from unset.
NOT_SAID_IN = {"0.3 gRPC": {"none of the history is asked for", "a task is got without its history"}}


# -- What is compared -----------------------------------------------------------------------------


def alike(value):
    """Without ids and times, which differ from call to call, and without what docs/reference/versions.md calls lost."""
    if isinstance(value, list):
        return [alike(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "text" in value or "data" in value:  # 0.3 has these with files only
        value = {key: item for key, item in value.items() if key not in ("mediaType", "filename")}
    return {key: "*" if key in ("id", "contextId", "taskId", "messageId", "timestamp") else alike(item)
            for key, item in value.items()}


def told(events, version):
    """What a stream came to: its kinds without repetition, all text, the last state. Checks `final` on the way."""
    events = list(events)
    finals = [event["statusUpdate"].pop("final", None) for event in events if "statusUpdate" in event]
    if version == "0.3" and finals:
        assert finals == [False] * (len(finals) - 1) + [True], finals
    elif version == "1.0":
        assert not any(finals), finals
    text, state, kinds = "", None, []
    for event in events:
        (kind, value), = event.items()
        if kind not in kinds:
            kinds.append(kind)
        for artifact in value.get("artifacts", []) + [value[name] for name in ("artifact",) if name in value]:
            text += "".join(part["text"] for part in artifact["parts"])
        text += "".join(part["text"] for part in value.get("parts", []))
        state = value.get("status", {}).get("state", state)
    return kinds[0], text, state


def refusal(call, *arguments):
    try:
        result = call(*arguments)
        if result is not None and not isinstance(result, dict):
            result = list(result)
    except Refused as refused:
        return refused.args[0]
    return f"was answered with {result}"


def done_task(dialect):
    return dialect.send("echo done")["task"]["id"]


BYTES = base64.b64encode(bytes(range(256))).decode()
FILES = [{"text": "file"}, {"raw": BYTES, "filename": "all.bin", "mediaType": "application/octet-stream"},
         {"url": "http://x/y", "mediaType": "text/plain", "filename": "y"}, {"data": {"k": [1, "two", None]}}]

# name: what a dialect does; the result must be the same in each.
OPERATIONS = {
    "a send is answered with its task": lambda d: d.send("echo hi"),
    "a send is answered with a message": lambda d: d.send("direct"),
    "a task fails": lambda d: d.send("fail"),
    "a task is rejected": lambda d: d.send("nonsense"),
    "a task asks": lambda d: d.send("ask"),
    "files and data come back": lambda d: d.send(parts=FILES),
    "a send does not wait": lambda d: set(d.send("wait", wait=False)),
    "none of the history is asked for": lambda d: d.send("echo x", history=0),
    "a task is got": lambda d: d.get(done_task(d)),
    "a task is got without its history": lambda d: d.get(done_task(d), history=0),
    "a task is got with the end of its history": lambda d: d.get(done_task(d), history=1),
    "a task is cancelled": lambda d: d.cancel(d.send("wait", wait=False)["task"]["id"])["status"]["state"],
    "a message is streamed": lambda d: told(d.stream("direct"), d.name[:3]),
    "chunks are streamed": lambda d: told(d.stream("count"), d.name[:3]),
    "a stream ends with a question": lambda d: told(d.stream("ask"), d.name[:3]),
    "a stream ends with a failure": lambda d: told(d.stream("fail"), d.name[:3]),
}

NOBODY = str(uuid.uuid4())
ERRORS = {
    "get a task that is not there": lambda d: refusal(d.get, NOBODY),
    "cancel a task that is not there": lambda d: refusal(d.cancel, NOBODY),
    "subscribe to a task that is not there": lambda d: refusal(d.subscribe, NOBODY),
    "continue a task that is not there": lambda d: refusal(d.send, "more", None, NOBODY),
    "stream into a task that is not there": lambda d: refusal(d.stream, "more", NOBODY),
    "cancel a task that has ended": lambda d: refusal(d.cancel, done_task(d)),
    "subscribe to a task that has ended": lambda d: refusal(d.subscribe, done_task(d)),
    "continue a task that has ended": lambda d: refusal(d.send, "more", None, done_task(d)),
    "send a type that the agent does not take": lambda d: refusal(
        d.send, "", [{"url": "http://x", "mediaType": "video/mp4"}]),
    "ask for less than no history": lambda d: refusal(d.get, NOBODY, -1),
    "send a message without an id": lambda d: refusal(
        d.call_send, d.form.send({"messageId": "", "role": "ROLE_USER", "parts": [{"text": "x"}]}, True, None)),
    "send a message without parts": lambda d: refusal(
        d.call_send, d.form.send({"messageId": "m", "role": "ROLE_USER", "parts": []}, True, None)),
    "set a push configuration": lambda d: refusal(d.push, "set_push", done_task(d), "c"),
    "get a push configuration": lambda d: refusal(d.push, "get_push", done_task(d), "c"),
    "list push configurations": lambda d: refusal(d.push, "list_push", done_task(d)),
    "delete a push configuration": lambda d: refusal(d.push, "delete_push", done_task(d), "c"),
    "get the extended card": lambda d: refusal(d.card),
    "ask for what nobody has": lambda d: refusal(d.unknown),
}


class Dialects(unittest.TestCase):
    maxDiff = None

    def same_in_each(self, table):
        for name, act in table.items():
            results = {dialect.name: alike(act(dialect)) for dialect in DIALECTS
                       if name not in NOT_SAID_IN.get(dialect.name, ())}
            for dialect, result in results.items():
                with self.subTest(name, dialect=dialect):
                    self.assertEqual(result, results["1.0 JSON-RPC"])

    def test_operations_and_streams_have_the_same_results(self):
        self.same_in_each(OPERATIONS)

    def test_errors_have_the_same_meaning(self):
        self.same_in_each(ERRORS)
        for name, act in ERRORS.items():
            with self.subTest(name):
                self.assertIsInstance(act(DIALECTS[0]), int)

    def test_a_task_that_one_started_is_read_and_continued_by_another(self):
        for one, other in itertools.product(DIALECTS, DIALECTS):
            with self.subTest(started=one, continued=other):
                task = one.send("ask")["task"]["id"]
                self.assertEqual(other.get(task), one.get(task))
                done = other.send("Ada", task=task)["task"]
                self.assertEqual((done["id"], done["artifacts"][0]["parts"]), (task, [{"text": "Hello, Ada!"}]))
                self.assertEqual(one.get(task), other.get(task))

    def test_a_task_that_one_started_is_watched_by_another_and_cancelled_by_a_third(self):
        for one, other in itertools.product(DIALECTS, DIALECTS):
            with self.subTest(started=one, watched=other):
                task = one.send("wait", wait=False)["task"]["id"]
                watching = other.subscribe(task)
                self.assertEqual(next(watching)["task"]["id"], task)
                third = DIALECTS[(DIALECTS.index(one) + 1) % len(DIALECTS)]
                self.assertEqual(third.cancel(task)["status"]["state"], "TASK_STATE_CANCELED")
                last = list(watching)[-1]["statusUpdate"]
                self.assertEqual(last["status"]["state"], "TASK_STATE_CANCELED")
                self.assertEqual(last.get("final"), True if isinstance(other.form, Form03) else None)

    def test_a_stream_that_one_began_is_taken_up_by_another_where_it_was(self):
        for one, other in itertools.product(DIALECTS, DIALECTS):
            with self.subTest(began=one, resumed=other):
                stream = one.stream("wait")
                task = next(stream)["task"]["id"]
                stream.close()
                resumed = other.subscribe(task, after=1)
                one.cancel(task)
                kinds = [next(iter(event)) for event in resumed]
                self.assertEqual(set(kinds), {"statusUpdate"}, "the task is not repeated")


@contextlib.contextmanager
def environment(engine):
    with contextlib.ExitStack() as stack:
        if engine == "memory":
            yield {}
        elif engine == "sqlite":
            yield {"A2AKIT_DATA_DIR": stack.enter_context(tempfile.TemporaryDirectory())}
        else:
            servers = engines.of(engine)
            for server in servers:
                server.start()
                stack.callback(server.end)
            yield {key: value for server in servers for key, value in server.environment("dialects").items()}


def dialects_over_grpc(port, sources, folder):
    import dialect_grpc  # needs grpcio, which a build without gRPC does not

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/.well-known/agent-card.json") as answer:
        card = json.load(answer)
    (address,) = {one["url"] for one in card["supportedInterfaces"] if one["protocolBinding"] == "GRPC"}
    protocol = dialect_grpc.compile_protocol(sources, folder)
    return [dialect_grpc.Grpc(name, form, address, protocol[module], protocol["a2a_status"])
            for name, form, module in (("1.0 gRPC", Form10(), "a2a_v1_0"), ("0.3 gRPC", FormProto(), "a2a_v0_3"))]


def main():
    agent_program, engine, protocol = sys.argv[1:4]
    with environment(engine) as settings, tempfile.TemporaryDirectory() as folder:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("A2AKIT_")}
        grpc = {} if protocol == "-" else {"A2AKIT_GRPC_PORT": "0"}
        agent = subprocess.Popen([agent_program], stdout=subprocess.PIPE, text=True, env={
            **clean, **settings, **grpc, "A2AKIT_DRAIN_TIMEOUT": "1", "A2AKIT_CANCEL_WAIT": "30"})
        try:
            OverHttp.port = int(agent.stdout.readline().strip().rsplit(":", 1)[1])
            if grpc:
                DIALECTS.extend(dialects_over_grpc(OverHttp.port, protocol, folder))
            tests = unittest.main(argv=sys.argv[:1] + sys.argv[4:], exit=False)
        finally:
            agent.terminate()
            agent.wait(timeout=60)
            agent.stdout.close()
    return not tests.result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
