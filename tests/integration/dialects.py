#!/usr/bin/env python3
"""Every operation, error and stream in each dialect, 1.0 and 0.3 over JSON-RPC and HTTP+JSON: the same results once the
form is taken away, and one task in the hands of several dialects.

usage: dialects.py AGENT memory|sqlite|postgres [unittest's arguments]     (AGENT: tests/interop/interop_agent)
"""
import base64
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import engines  # noqa: E402

AGENT = None
PORT = None

STATES_03 = {"unknown": "UNSPECIFIED", "submitted": "SUBMITTED", "working": "WORKING", "completed": "COMPLETED",
             "failed": "FAILED", "canceled": "CANCELED", "input-required": "INPUT_REQUIRED", "rejected": "REJECTED",
             "auth-required": "AUTH_REQUIRED"}
REASONS = {"TASK_NOT_FOUND": -32001, "TASK_NOT_CANCELABLE": -32002, "PUSH_NOTIFICATION_NOT_SUPPORTED": -32003,
           "UNSUPPORTED_OPERATION": -32004, "CONTENT_TYPE_NOT_SUPPORTED": -32005}
STATUSES = {"INVALID_ARGUMENT": -32602, "UNIMPLEMENTED": -32601}
IN_1_0 = {"send": "SendMessage", "stream": "SendStreamingMessage", "get": "GetTask", "cancel": "CancelTask",
          "subscribe": "SubscribeToTask", "set_push": "CreateTaskPushNotificationConfig",
          "get_push": "GetTaskPushNotificationConfig", "list_push": "ListTaskPushNotificationConfigs",
          "delete_push": "DeleteTaskPushNotificationConfig", "card": "GetExtendedAgentCard"}
IN_0_3 = {"send": "message/send", "stream": "message/stream", "get": "tasks/get", "cancel": "tasks/cancel",
          "subscribe": "tasks/resubscribe", "set_push": "tasks/pushNotificationConfig/set",
          "get_push": "tasks/pushNotificationConfig/get", "list_push": "tasks/pushNotificationConfig/list",
          "delete_push": "tasks/pushNotificationConfig/delete", "card": "agent/getAuthenticatedExtendedCard"}


class Refused(Exception):
    """An error, as the number that JSON-RPC has for it."""


def without_empty(value):
    return {key: item for key, item in value.items() if item not in (None, "", [], {})}


# -- Forms: what the tests write and read is the JSON of 1.0 ----------------------------------------


class Form10:
    """That of 1.0, in both bindings."""
    method = IN_1_0.get
    prefix = ""
    headers = {"A2A-Version": "1.0"}

    def send(self, message, wait, history):
        configuration = without_empty({"returnImmediately": not wait})
        if history is not None:
            configuration["historyLength"] = history
        return {"message": message, "configuration": configuration}

    def ids(self, operation, task, config):
        return {"taskId": task, "id": config} if "push" in operation else {"id": task}

    def push(self, task, config, url):
        return {"taskId": task, "id": config, "url": url}

    def read(self, value):
        return value

    def read_event(self, value):
        return value


class Form03:
    """What both forms of 0.3 have in common."""
    method = IN_0_3.get
    prefix = "/v1"
    headers = {}

    def read_part(self, part):
        found = {"metadata": dict(part.get("metadata", {}))}
        wrapped = found["metadata"].pop("data_part_compat", False)
        if "text" in part:
            found["text"] = part["text"]
        elif "data" in part:
            data = self.read_data(part["data"])
            found["data"] = data["value"] if wrapped else data
        else:
            file = part["file"]
            found.update(self.read_file(file), mediaType=file.get("mimeType"), filename=file.get("name"))
        return {key: value for key, value in found.items() if key == "data" or value not in (None, {})}

    def read_message(self, message):
        found = dict(message, role=self.read_role(message["role"]))
        found["parts"] = [self.read_part(part) for part in found.pop(self.parts)]
        found.pop("kind", None)
        return found

    def read_status(self, status):
        found = dict(status, state=self.read_state(status["state"]))
        if "message" in found:
            found["message"] = self.read_message(found["message"])
        return found

    def read_artifact(self, artifact):
        return dict(artifact, parts=[self.read_part(part) for part in artifact["parts"]])

    def read_task(self, task):
        found = dict(task, status=self.read_status(task["status"]))
        for name, read in (("history", self.read_message), ("artifacts", self.read_artifact)):
            if name in found:
                found[name] = [read(item) for item in found[name]]
        found.pop("kind", None)
        return found

    def read_update(self, update):
        found = dict(update)
        found.pop("kind", None)
        if "status" in found:
            found["status"] = self.read_status(found["status"])
        else:
            found["artifact"] = self.read_artifact(found["artifact"])
        return found


class FormSchema(Form03):
    parts = "parts"

    def send(self, message, wait, history):
        configuration = {"blocking": wait}
        if history is not None:
            configuration["historyLength"] = history
        written = dict(message, kind="message", role="user", parts=[self.write_part(part) for part in message["parts"]])
        return {"message": written, "configuration": configuration}

    def write_part(self, part):
        if "text" in part:
            return {"kind": "text", "text": part["text"]}
        if "data" in part:
            return {"kind": "data", "data": part["data"]}
        where = {"bytes": part["raw"]} if "raw" in part else {"uri": part["url"]}
        return {"kind": "file", "file": without_empty({**where, "mimeType": part.get("mediaType"),
                                                       "name": part.get("filename")})}

    def ids(self, operation, task, config):
        return without_empty({"id": task, "pushNotificationConfigId": config})

    def push(self, task, config, url):
        return {"taskId": task, "pushNotificationConfig": {"id": config, "url": url}}

    def read_role(self, role):
        return {"user": "ROLE_USER", "agent": "ROLE_AGENT"}[role]

    def read_state(self, state):
        return "TASK_STATE_" + STATES_03[state]

    def read_data(self, data):
        return data

    def read_file(self, file):
        return {"raw": file.get("bytes"), "url": file.get("uri")}

    def read(self, value):
        kind = value.get("kind")
        return {"task": self.read_task, "message": self.read_message}[kind](value)

    def read_event(self, value):
        kind = value["kind"]
        if kind in ("task", "message"):
            return {kind: self.read(value)}
        return {{"status-update": "statusUpdate", "artifact-update": "artifactUpdate"}[kind]: self.read_update(value)}


class FormProto(Form03):
    parts = "content"

    def send(self, message, wait, history):
        configuration = without_empty({"blocking": wait})
        if history is not None:
            configuration["historyLength"] = history
        written = dict(message)
        written["content"] = [self.write_part(part) for part in written.pop("parts")]
        return {"message": written, "configuration": configuration}

    def write_part(self, part):
        if "text" in part:
            return {"text": part["text"]}
        if "data" in part:
            return {"data": {"data": part["data"]}}
        # As the Python SDK does: the text of the base64, encoded once more.
        where = {"fileWithBytes": base64.b64encode(part["raw"].encode()).decode()} if "raw" in part \
            else {"fileWithUri": part["url"]}
        return {"file": without_empty({**where, "mimeType": part.get("mediaType"), "name": part.get("filename")})}

    def push(self, task, config, url):
        return {"parent": f"tasks/{task}", "configId": config,
                "config": {"name": f"tasks/{task}/pushNotificationConfigs/{config}",
                           "pushNotificationConfig": {"id": config, "url": url}}}

    def read_role(self, role):
        return role

    def read_state(self, state):
        return "TASK_STATE_CANCELED" if state == "TASK_STATE_CANCELLED" else state

    def read_data(self, data):
        return data["data"]

    def read_file(self, file):
        encoded = file.get("fileWithBytes")
        return {"raw": None if encoded is None else base64.b64decode(encoded).decode(), "url": file.get("fileWithUri")}

    def read(self, value):
        if "status" in value:
            return self.read_task(value)
        return self.read_event(value)

    def read_event(self, value):
        (name, inner), = value.items()
        return {name: {"task": self.read_task, "message": self.read_message}.get(name, self.read_update)(inner)}


# -- Bindings -------------------------------------------------------------------------------------


def events_of(answer):
    """The data of an event stream's events, as they come."""
    data = []
    for raw in answer:
        line = raw.decode().rstrip("\n")
        if line.startswith("data: "):
            data.append(line[6:])
        elif not line and data:
            yield json.loads("\n".join(data))
            data = []


class Binding:
    def __init__(self, name, form):
        self.name, self.form = name, form

    def __repr__(self):
        return self.name

    @contextlib.contextmanager
    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        content = None if body is None else json.dumps(body)
        typed = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, content, {**typed, **self.form.headers, **(headers or {})})
        try:
            yield connection.getresponse()
        finally:
            connection.close()

    def message(self, text, parts, task):
        return without_empty({"messageId": str(uuid.uuid4()), "role": "ROLE_USER", "taskId": task,
                              "parts": parts or [{"text": text}]})

    def send(self, text="", parts=None, task=None, wait=True, history=None):
        """{"task": …} or {"message": …}"""
        return self.call_send(self.form.send(self.message(text, parts, task), wait, history))

    def stream(self, text, task=None):
        return self.call_stream("stream", None, self.form.send(self.message(text, None, task), True, None))


class JsonRpc(Binding):
    def call(self, operation, params):
        body = {"jsonrpc": "2.0", "id": 1, "method": self.form.method(operation), "params": params}
        with self.request("POST", "/", body) as answer:
            return self.result_of(json.loads(answer.read()))

    @staticmethod
    def result_of(read):
        assert read["jsonrpc"] == "2.0" and read["id"] == 1, read
        if "error" in read:
            raise Refused(read["error"]["code"])
        return read["result"]

    def call_send(self, params):
        result = self.call("send", params)
        if isinstance(self.form, Form10):
            return result
        return {result["kind"]: self.form.read(result)}

    def call_stream(self, operation, _, params, headers=None):
        body = {"jsonrpc": "2.0", "id": 1, "method": self.form.method(operation), "params": params}
        with self.request("POST", "/", body, headers) as answer:
            streamed = answer.getheader("Content-Type") == "text/event-stream"
            if operation == "subscribe" and isinstance(self.form, Form03):
                assert streamed and answer.status == 200, answer.status
            for event in events_of(answer) if streamed else [json.loads(answer.read())]:
                yield self.form.read_event(self.result_of(event))

    def get(self, task, history=None):
        params = dict(self.form.ids("get", task, None))
        if history is not None:
            params["historyLength"] = history
        return self.form.read(self.call("get", params))

    def cancel(self, task):
        return self.form.read(self.call("cancel", self.form.ids("cancel", task, None)))

    def subscribe(self, task, after=None):
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        return self.call_stream("subscribe", task, self.form.ids("subscribe", task, None), headers)

    def push(self, operation, task, config=None):
        if operation == "set_push":
            return self.call(operation, self.form.push(task, config, "http://hook"))
        return self.call(operation, without_empty(self.form.ids(operation, task, config)))

    def card(self):
        return self.call("card", {})

    def unknown(self):
        body = {"jsonrpc": "2.0", "id": 1, "method": "no/such", "params": {}}
        with self.request("POST", "/", body) as answer:
            self.result_of(json.loads(answer.read()))


class HttpJson(Binding):
    def call(self, method, path, body=None, headers=None):
        with self.request(method, self.form.prefix + path, body, headers) as answer:
            return self.result_of(answer.status, json.loads(answer.read()))

    @staticmethod
    def result_of(status, read):
        if status == 200 and not ("code" in read and "message" in read):
            return read
        if "error" not in read:
            assert set(read) == {"code", "message"}, read
            raise Refused(read["code"])
        reasons = [REASONS[detail["reason"]] for detail in read["error"].get("details", [])
                   if detail.get("reason") in REASONS]
        raise Refused(reasons[0] if reasons else STATUSES.get(read["error"]["status"], -32601 if status == 404 else -32603))

    def call_send(self, body):
        return self.form.read(self.call("POST", "/message:send", body))

    def call_stream(self, operation, task, body, headers=None):
        path = "/message:stream" if operation == "stream" else f"/tasks/{task}:subscribe"
        with self.request("POST", self.form.prefix + path, body, headers) as answer:
            if answer.getheader("Content-Type") != "text/event-stream":
                self.result_of(answer.status, json.loads(answer.read()))
            for event in events_of(answer):
                yield self.form.read_event(self.result_of(200, event))

    def get(self, task, history=None):
        query = "" if history is None else "?" + urllib.parse.urlencode({"historyLength": history})
        return self.form.read(self.call("GET", f"/tasks/{task}{query}"))

    def cancel(self, task):
        return self.form.read(self.call("POST", f"/tasks/{task}:cancel"))

    def subscribe(self, task, after=None):
        return self.call_stream("subscribe", task, None, {} if after is None else {"Last-Event-ID": str(after)})

    def push(self, operation, task, config=None):
        path = f"/tasks/{task}/pushNotificationConfigs" + (f"/{config}" if operation in ("get_push", "delete_push") else "")
        if operation == "set_push":
            return self.call("POST", path, self.form.push(task, config, "http://hook"))
        return self.call("DELETE" if operation == "delete_push" else "GET", path)

    def card(self):
        return self.call("GET", "/card" if isinstance(self.form, Form03) else "/extendedAgentCard")

    def unknown(self):
        return self.call("GET", "/no/such/path/at/all/here")


# One line per dialect: another binding is one more.
DIALECTS = [JsonRpc("1.0 JSON-RPC", Form10()), HttpJson("1.0 HTTP+JSON", Form10()),
            JsonRpc("0.3 JSON-RPC", FormSchema()), HttpJson("0.3 HTTP+JSON", FormProto())]


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
            results = {dialect.name: alike(act(dialect)) for dialect in DIALECTS}
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


def main():
    global AGENT, PORT
    AGENT, engine = sys.argv[1:3]
    with environment(engine) as settings:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("A2AKIT_")}
        agent = subprocess.Popen([AGENT], env={**clean, **settings, "A2AKIT_DRAIN_TIMEOUT": "1", "A2AKIT_CANCEL_WAIT": "30"},
                                 stdout=subprocess.PIPE, text=True)
        try:
            PORT = int(agent.stdout.readline().strip().rsplit(":", 1)[1])
            tests = unittest.main(argv=sys.argv[:1] + sys.argv[3:], exit=False)
        finally:
            agent.terminate()
            agent.wait(timeout=60)
            agent.stdout.close()
    return not tests.result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
