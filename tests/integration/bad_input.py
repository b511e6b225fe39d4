#!/usr/bin/env python3
"""Sends a running agent everything that a broken or hostile client might, over both bindings, and checks that each gets a
clear error of the right kind which names what is wrong, that nothing was changed by it, and that the agent still works.

usage: bad_input.py PROGRAM   (an agent that echoes, started on a free port)
"""
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys

JSON = {"Content-Type": "application/json", "A2A-Version": "1.0"}
UNKNOWN = "0190b3a0-1111-7222-8333-444455556666"
faults = []


class Agent:
    def __init__(self, program):
        environment = {**os.environ, "A2AKIT_PORT": "0", "A2AKIT_MAX_BODY_BYTES": "65536",
                       "A2AKIT_MAX_HEADER_BYTES": "8192", "A2AKIT_HEADER_TIMEOUT": "0.5", "A2AKIT_BODY_TIMEOUT": "0.5"}
        self.process = subprocess.Popen([program], env=environment, text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                return
        raise SystemExit("the agent did not start")

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def raw(self, data, finish=False):
        """What comes back for these bytes until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
            s.sendall(data)
            if finish:
                s.shutdown(socket.SHUT_WR)
            out = b""
            while True:
                try:
                    more = s.recv(65536)
                except ConnectionResetError:
                    return out
                if not more:
                    return out
                out += more

    def total(self):
        _, _, body = self.request("GET", "/tasks?pageSize=1", headers={"A2A-Version": "1.0"})
        return json.loads(body)["totalSize"]


def expect(name, condition, seen):
    if not condition:
        faults.append(f"{name}: {str(seen)[:500]}")


def rpc(agent, name, body, code, mention="", status=200, headers=None):
    """JSON-RPC: the error code, and words that the error has to contain somewhere."""
    got, _, answer = agent.request("POST", "/", body, headers or JSON)
    try:
        parsed = json.loads(answer)
        error = parsed["error"]
    except Exception:
        return expect(f"JSON-RPC {name}", False, (got, answer))
    expect(f"JSON-RPC {name}", got == status and error["code"] == code and parsed["jsonrpc"] == "2.0", (got, answer))
    expect(f"JSON-RPC {name} names {mention!r}", mention.lower() in json.dumps(error).lower(), answer)
    if code <= -32001 and code >= -32009:
        expect(f"JSON-RPC {name} has ErrorInfo", any(d.get("domain") == "a2a-protocol.org" for d in error["data"]), answer)


def rest(agent, name, method, path, body, status, mention="", headers=None, reason=None):
    got, _, answer = agent.request(method, path, body, headers if headers is not None else JSON)
    try:
        error = json.loads(answer)["error"]
    except Exception:
        return expect(f"HTTP+JSON {name}", False, (got, answer))
    expect(f"HTTP+JSON {name}", got == status and error["code"] == status, (got, answer))
    expect(f"HTTP+JSON {name} names {mention!r}", mention.lower() in json.dumps(error).lower(), answer)
    if reason:
        expect(f"HTTP+JSON {name} has reason {reason}",
               any(d.get("reason") == reason for d in error["details"]), answer)


def bare(agent, name, method, path, body, status, code, mention=""):
    """Protocol 0.3: the error is bare, alone or in a JSON-RPC answer."""
    got, headers, answer = agent.request(method, path, body, {"Content-Type": "application/json"})
    try:
        parsed = json.loads(answer)
        error = parsed["error"] if path == "/" else parsed
        expect(f"0.3 {path} {name}", got == status and error["code"] == code and set(error) == {"code", "message"},
               (got, answer))
    except Exception:
        return expect(f"0.3 {path} {name}", False, (got, answer))
    expect(f"0.3 {path} {name} names {mention!r}", mention.lower() in error["message"].lower(), answer)


def call(method, params):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def message(**changes):
    whole = {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": "hello"}], **changes}
    return {"message": {k: v for k, v in whole.items() if v is not None}}


def bad_messages():
    """name, SendMessageRequest, what the error has to name"""
    yield "no message", {}, "message"
    yield "message of a wrong type", {"message": "hello"}, "message"
    yield "no messageId", message(messageId=None), "messageId"
    yield "empty messageId", message(messageId=""), "messageId"
    yield "messageId of a wrong type", message(messageId=7), "messageId"
    yield "no role", message(role=None), "role"
    yield "unknown role", message(role="ROLE_KING"), "ROLE_USER"
    yield "the agent's role", message(role="ROLE_AGENT"), "role"
    yield "no parts", message(parts=None), "parts"
    yield "empty parts", message(parts=[]), "parts"
    yield "parts of a wrong type", message(parts={"text": "x"}), "parts"
    yield "a part without content", message(parts=[{"filename": "x"}]), "parts[0]"
    yield "a part with two contents", message(parts=[{"text": "x", "url": "http://x"}]), "url"
    yield "bad base64", message(parts=[{"raw": "***"}]), "raw"
    yield "metadata that is no object", message(metadata=[1]), "metadata"
    yield "extensions of a wrong type", message(extensions="x"), "extensions"
    yield "a negative historyLength", {**message(), "configuration": {"historyLength": -1}}, "historyLength"
    yield "a huge historyLength", {**message(), "configuration": {"historyLength": 10 ** 30}}, "historyLength"
    yield "a fractional historyLength", {**message(), "configuration": {"historyLength": 1.5}}, "historyLength"
    yield "a huge contextId", message(contextId="c" * 5000), "contextId"


def check_requests(agent, finished):
    raw_bodies = [("empty body", b"", -32700), ("malformed JSON", b'{"jsonrpc":', -32700),
                  ("two values", b"{} {}", -32700), ("invalid UTF-8", b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', -32700),
                  ("a NUL byte", b'{"jsonrpc":"2.0",\x00"id":1}', -32700),
                  ("deep nesting", b'{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":' + b"[" * 5000 + b"]" * 5000 + b"}",
                   -32700),
                  ("a number", b"7", -32600), ("an empty batch", b"[]", -32600),
                  ("no method", b'{"jsonrpc":"2.0","id":1}', -32600),
                  ("a wrong version", b'{"jsonrpc":"1.0","id":1,"method":"GetTask"}', -32600),
                  ("an id that is an object", b'{"jsonrpc":"2.0","id":{},"method":"GetTask"}', -32600),
                  ("an unknown method", b'{"jsonrpc":"2.0","id":1,"method":"Nonsense"}', -32601),
                  ("params as an array", b'{"jsonrpc":"2.0","id":1,"method":"GetTask","params":[1]}', -32602)]
    for name, body, code in raw_bodies:
        rpc(agent, name, body, code)
    for name, body in (("empty body", b""), ("malformed JSON", b'{"message":'), ("invalid UTF-8", b'{"message":"\xff"}'),
                       ("deep nesting", b'{"message":' + b"[" * 5000 + b"]" * 5000 + b"}"), ("a number", b"7")):
        rest(agent, name, "POST", "/message:send", body, 400)
    for name, params, mention in bad_messages():
        rpc(agent, name, call("SendMessage", params), -32602, mention)
        rest(agent, name, "POST", "/message:send", json.dumps(params), 400, mention)
        rpc(agent, name + ", streaming", call("SendStreamingMessage", params), -32602, mention)
        rest(agent, name + ", streaming", "POST", "/message:stream", json.dumps(params), 400, mention)
    for task in (UNKNOWN, "not-a-uuid", "x" * 3000):
        rpc(agent, "get of an unknown task", call("GetTask", {"id": task}), -32001)
        rpc(agent, "cancel of an unknown task", call("CancelTask", {"id": task}), -32001)
        rpc(agent, "subscription to an unknown task", call("SubscribeToTask", {"id": task}), -32001)
        rpc(agent, "message to an unknown task", call("SendMessage", message(taskId=task)), -32001)
        rest(agent, "get of an unknown task", "GET", f"/tasks/{task}", None, 404, "", {"A2A-Version": "1.0"}, "TASK_NOT_FOUND")
        rest(agent, "cancel of an unknown task", "POST", f"/tasks/{task}:cancel", None, 404, "", reason="TASK_NOT_FOUND")
        rest(agent, "subscription to an unknown task", "GET", f"/tasks/{task}:subscribe", None, 404, "",
             {"A2A-Version": "1.0"}, "TASK_NOT_FOUND")
    rpc(agent, "get without an id", call("GetTask", {}), -32602, "id")
    task = finished["id"]
    rpc(agent, "message to a finished task", call("SendMessage", message(taskId=task)), -32004, "completed")
    rest(agent, "message to a finished task", "POST", "/message:send", json.dumps(message(taskId=task)), 400, "completed",
         reason="UNSUPPORTED_OPERATION")
    rpc(agent, "mismatching contextId", call("SendMessage", message(taskId=task, contextId="another")), -32602, "contextId")
    rpc(agent, "cancel of a finished task", call("CancelTask", {"id": task}), -32002, "completed")
    rpc(agent, "subscription to a finished task", call("SubscribeToTask", {"id": task}), -32004)
    image = message(parts=[{"raw": "AAAA", "mediaType": "image/png"}])
    rpc(agent, "a part of an unsupported type", call("SendMessage", image), -32005, "message.parts[0].mediaType")
    rest(agent, "a part of an unsupported type", "POST", "/message:send", json.dumps(image), 400, "message.parts[0].mediaType",
         reason="CONTENT_TYPE_NOT_SUPPORTED")
    for name, query, mention in (("a huge page", "pageSize=1000", "pageSize"), ("an empty page", "pageSize=0", "pageSize"),
                                 ("a page that is no number", "pageSize=many", "pageSize"),
                                 ("two pages", "pageSize=1&pageSize=2", "pageSize"),
                                 ("an unknown state", "status=TASK_STATE_RUNNING", "TASK_STATE_WORKING"),
                                 ("a bad token", "pageToken=forged", "pageToken"),
                                 ("a bad time", "statusTimestampAfter=yesterday", "statusTimestampAfter"),
                                 ("a negative history", "historyLength=-5", "historyLength")):
        rest(agent, "list with " + name, "GET", "/tasks?" + query, None, 400, mention, {"A2A-Version": "1.0"})
    rpc(agent, "list with a huge page", call("ListTasks", {"pageSize": 1000}), -32602, "pageSize")
    rpc(agent, "list with a bad token", call("ListTasks", {"pageToken": "forged"}), -32602, "pageToken")


def in_0_3(params, mention):
    """What is wrong with a message of 1.0, in the forms of 0.3 for JSON-RPC and HTTP+JSON; with what is to be named."""
    def renamed(value, names):
        if isinstance(value, dict):
            return {names.get(key, key): renamed(item, names) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item, names) for item in value]
        return {"ROLE_USER": "user", "ROLE_AGENT": "agent"}.get(value, value) if names is schema and isinstance(value, str) else value

    def nested(value, inside):
        """Files in their parts."""
        if isinstance(value, dict) and {"raw", "url"} & set(value):
            file = {inside[key]: value[key] for key in ("raw", "url") if key in value}
            return {**{key: item for key, item in value.items() if key not in ("raw", "url")}, "file": file}
        if isinstance(value, dict):
            return {key: nested(item, inside) for key, item in value.items()}
        return [nested(item, inside) for item in value] if isinstance(value, list) else value

    schema = {}
    in_schema = renamed(nested(params, {"raw": "bytes", "url": "uri"}), schema)
    in_proto = renamed(nested(params, {"raw": "fileWithBytes", "url": "fileWithUri"}), {"parts": "content"})
    return ((in_schema, {"raw": "bytes", "url": "file", "ROLE_USER": "user"}.get(mention, mention)),
            (in_proto, {"raw": "fileWithBytes", "url": "file"}.get(mention, mention).replace("parts", "content")))


def check_v0_3(agent, finished):
    for name, params, mention in bad_messages():
        (schema, in_schema), (proto, in_proto) = in_0_3(params, mention)
        for method, path in (("message/send", "message:send"), ("message/stream", "message:stream")):
            bare(agent, name, "POST", "/", call(method, schema), 200, -32602, in_schema)
            bare(agent, name, "POST", "/v1/" + path, json.dumps(proto), 400, -32602, in_proto)
    for name, body, code in (("empty body", b"", -32700), ("malformed JSON", b'{"message":', -32700),
                             ("invalid UTF-8", b'{"message":"\xff"}', -32700), ("a number", b"7", -32602),
                             ("deep nesting", b'{"message":' + b"[" * 5000 + b"]" * 5000 + b"}", -32700)):
        bare(agent, name, "POST", "/v1/message:send", body, 400, code)
        if code == -32700:
            bare(agent, name, "POST", "/", body, 200, code)
    for task in (UNKNOWN, "not-a-uuid", "x" * 3000):
        bare(agent, "get of an unknown task", "POST", "/", call("tasks/get", {"id": task}), 200, -32001)
        bare(agent, "cancel of an unknown task", "POST", "/", call("tasks/cancel", {"id": task}), 200, -32001)
        bare(agent, "get of an unknown task", "GET", f"/v1/tasks/{task}", None, 404, -32001)
        bare(agent, "cancel of an unknown task", "POST", f"/v1/tasks/{task}:cancel", "null", 404, -32001)
        bare(agent, "subscription to an unknown task", "POST", f"/v1/tasks/{task}:subscribe", None, 404, -32001)
    task = finished["id"]
    bare(agent, "get without an id", "POST", "/", call("tasks/get", {}), 200, -32602, "id")
    bare(agent, "cancel of a finished task", "POST", "/", call("tasks/cancel", {"id": task}), 200, -32002, "completed")
    bare(agent, "cancel of a finished task", "POST", f"/v1/tasks/{task}:cancel", "{}", 400, -32002, "completed")
    bare(agent, "an unknown method", "POST", "/", call("tasks/nonsense", {}), 200, -32601, "tasks/nonsense")
    bare(agent, "a list", "GET", "/v1/tasks", None, 501, -32601, "1.0")
    bare(agent, "an unknown path", "GET", "/v1/nothing", None, 404, -32600)
    bare(agent, "a wrong method", "GET", "/v1/message:send", None, 405, -32600)
    bare(agent, "an oversized body", "POST", "/v1/message:send", json.dumps({"x": "x" * 100_000}), 413, -32600)
    got, _, answer = agent.request("POST", "/v1/message:send", "not even JSON", {"Content-Type": "text/plain"})
    expect("0.3 a wrong Content-Type", got == 415 and json.loads(answer)["code"] == -32005, (got, answer))


def check_http(agent):
    rest(agent, "an unknown path", "GET", "/nothing/of/this/sort/here", None, 404)
    rest(agent, "a wrong method", "GET", "/message:send", None, 405)
    _, headers, _ = agent.request("GET", "/message:send", headers={"A2A-Version": "1.0"})
    expect("405 says what is allowed", "POST" in headers.get("allow", ""), headers)
    status, headers, body = agent.request("HEAD", "/tasks", headers={"A2A-Version": "1.0"})
    expect("HEAD is answered without a body", status == 200 and int(headers["content-length"]) > 2 and body == b"",
           (status, headers, body))
    rest(agent, "an impossible Accept", "POST", "/message:send", json.dumps(message()), 406, "",
         {**JSON, "Accept": "image/png"})
    rest(agent, "a wrong Content-Type", "POST", "/message:send", "not even JSON", 415, "", {"Content-Type": "text/plain"})
    rpc(agent, "a wrong Content-Type", "not even JSON", -32005, headers={**JSON, "Content-Type": "text/plain"})
    for version in ("0.5", "2.0", "nonsense"):
        rest(agent, "version " + version, "POST", "/message:send", json.dumps(message()), 400, "1.0",
             {**JSON, "A2A-Version": version}, "VERSION_NOT_SUPPORTED")
        rpc(agent, "version " + version, call("SendMessage", message()), -32009, "1.0",
            headers={**JSON, "A2A-Version": version})
    bare(agent, "a message of 1.0 under /v1", "POST", "/v1/message:send", json.dumps(message()), 400, -32602,
         "this is how protocol 1.0 writes a message")
    rest(agent, "an oversized body", "POST", "/message:send", json.dumps(message(parts=[{"text": "x" * 100_000}])), 413)
    status, _, _ = agent.request("GET", "/tasks", headers={"A2A-Version": "1.0", "X-Long": "x" * 20_000})
    expect("an oversized header", status == 431, status)
    push = {"taskId": UNKNOWN, "url": "https://example.com/hook"}
    rpc(agent, "push configuration", call("CreateTaskPushNotificationConfig", push), -32003)
    rest(agent, "push configuration", "POST", f"/tasks/{UNKNOWN}/pushNotificationConfigs", json.dumps(push), 400, "",
         reason="PUSH_NOTIFICATION_NOT_SUPPORTED")
    rpc(agent, "the extended card", call("GetExtendedAgentCard", {}), -32004)
    rest(agent, "the extended card", "GET", "/extendedAgentCard", None, 400, "", {"A2A-Version": "1.0"},
         "UNSUPPORTED_OPERATION")


def check_sockets(agent):
    for name, data, status in (("garbage", b"\x16\x03\x01\x02\x00\r\n\r\n", b"400"), ("no HTTP version", b"GET /\r\n\r\n", b"400"),
                               ("a bad Content-Length", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", b"400"),
                               ("half a head", b"POST / HTTP/1.1\r\nHost: localhost\r\nCont", b"408"),
                               ("half a body", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                b"Content-Length: 100\r\n\r\n{", b"408")):
        answer = agent.raw(data)
        expect(f"socket: {name}", answer == b"" or answer.split(b" ")[1] == status, answer)
    both = (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = agent.raw(both, finish=True)
    expect("socket: smuggling by two lengths", b" 400 " in answer and answer.count(b"HTTP/1.1 ") == 1, answer)
    end = b"Connection: close\r\n\r\n"
    send = b"POST /message:send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for name, data, status in (
            ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" + end, b"204"),
            ("a bad host", b"GET /health HTTP/1.1\r\nHost: a b\r\n" + end, b"400"),
            ("two hosts", b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n" + end, b"400"),
            ("chunks before HTTP/1.1", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
            ("lines that end in LF alone", b"GET /health HTTP/1.1\nHost: localhost\nConnection: close\n\n", b"400"),
            ("a header with LF in it", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: y\nZ: w\r\n" + end, b"400"),
            ("a header with NUL in it", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: y\0\r\n" + end, b"400"),
            ("a continuation without a header", b"GET /health HTTP/1.1\r\n X: y\r\nHost: localhost\r\n" + end, b"400"),
            ("a space before the colon", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX : y\r\n" + end, b"400"),
            ("two transfer encodings", send + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" + end, b"400"),
            ("an unknown transfer encoding", send + b"Transfer-Encoding: xchunked\r\n" + end, b"501"),
            ("two lengths", send + b"Content-Length: 2\r\nContent-Length: 3\r\n" + end + b"{} ", b"400"),
            ("a signed length", send + b"Content-Length: +2\r\n" + end + b"{}", b"400"),
            ("a chunk's size in C", send + b"Transfer-Encoding: chunked\r\n" + end + b"0x2\r\n{}\r\n0\r\n\r\n", b"400"),
            ("a chunk that is longer than it says", send + b"Transfer-Encoding: chunked\r\n" + end + b"1\r\n{}\r\n0\r\n\r\n",
             b"400"),
            ("two content types", send + b"Content-Type: text/plain\r\nContent-Length: 2\r\n" + end + b"{}", b"400"),
            ("two versions", send + b"A2A-Version: 1.0\r\nA2A-Version: 0.3\r\nContent-Length: 2\r\n" + end + b"{}", b"400"),
            ("two credentials", send + b"Authorization: a\r\nAuthorization: b\r\nContent-Length: 2\r\n" + end + b"{}", b"400")):
        answer = agent.raw(data)
        expect(f"socket: {name}", re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [status], answer)
    # A stream that its client resets in the middle.
    body = call("SendStreamingMessage", message()).encode()
    for _ in range(20):
        s = socket.create_connection(("127.0.0.1", agent.port), timeout=20)
        s.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nA2A-Version: 1.0\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(body) + body)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def main():
    agent = Agent(sys.argv[1])
    try:
        _, _, body = agent.request("POST", "/", call("SendMessage", message()), JSON)
        finished = json.loads(body)["result"]["task"]
        before = agent.total()
        check_requests(agent, finished)
        check_v0_3(agent, finished)
        check_http(agent)
        expect("nothing was changed by a bad request", agent.total() == before, agent.total())
        check_sockets(agent)
        status, _, body = agent.request("POST", "/", call("SendMessage", message()), JSON)
        expect("the agent still works", status == 200 and b"TASK_STATE_COMPLETED" in body, body)
        agent.process.send_signal(signal.SIGTERM)
        expect("the agent drains", agent.process.wait(20) == 0, agent.process.returncode)
    finally:
        if agent.process.poll() is None:
            agent.process.kill()
    print("\n".join(faults) or "every bad request got its error")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
