"""The bindings over HTTP: each call takes and gives the JSON of 1.0, whatever the form of the dialect is."""
import contextlib
import http.client
import json
import urllib.parse
import uuid

from dialect_forms import REASONS, STATUSES, Form03, Form10, Refused, without_empty


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

    def message(self, text, parts, task):
        return without_empty({"messageId": str(uuid.uuid4()), "role": "ROLE_USER", "taskId": task,
                              "parts": parts or [{"text": text}]})

    def send(self, text="", parts=None, task=None, wait=True, history=None):
        """{"task": …} or {"message": …}"""
        return self.call_send(self.form.send(self.message(text, parts, task), wait, history))

    def stream(self, text, task=None):
        return self.call_stream("stream", None, self.form.send(self.message(text, None, task), True, None))


class OverHttp(Binding):
    port = None

    @contextlib.contextmanager
    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        content = None if body is None else json.dumps(body)
        typed = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, content, {**typed, **self.form.headers, **(headers or {})})
        try:
            yield connection.getresponse()
        finally:
            connection.close()


class JsonRpc(OverHttp):
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


class HttpJson(OverHttp):
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
