#!/usr/bin/env python3
"""Servers that no client deserves, as the command line meets them: each ends in one error with its name and the exit status
that the specification of a2a-cli gives it (sections 11.4 and 11.6, appendix D), and none in a hang, a crash or a success.

usage: bad_servers.py A2AKIT [BINDING...]       BINDING: of those that it speaks; by default JSONRPC and HTTP+JSON
"""
import concurrent.futures
import contextlib
import json
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from raw_server import RawServer, read_request
from support import Certificates, Cli, card_of, task_of

WORKING = {"task": task_of("WORKING")}
DONE = {"task": task_of("COMPLETED")}
UNREACHABLE, NOT_FOUND, INVALID = "A2ACLI_ERR_UNREACHABLE", "A2ACLI_ERR_CARD_NOT_FOUND", "A2ACLI_ERR_CARD_INVALID"
TIMEOUT, BAD_ANSWER = "A2ACLI_ERR_TIMEOUT", "InvalidAgentResponseError"
STATUS = {UNREACHABLE: 3, NOT_FOUND: 3, INVALID: 1, TIMEOUT: 5, BAD_ANSWER: 1, "A2ACLI_ERR_CREDENTIALS_MISSING": 4,
          "VersionNotSupportedError": 1, "InternalError": 1}


# -- What a server does with a request ---------------------------------------------------------------------------------
class Connection:
    def __init__(self, connection):
        self.socket = connection

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def wait_for_close(self):
        with contextlib.suppress(OSError):
            while self.socket.recv(65536):
                pass

    def for_ever(self, data):
        while True:
            self.send(data)

    def byte_by_byte(self, head, byte):
        """As slowly as a client may have to bear: a byte whenever it has not closed the connection for 10 ms."""
        self.send(head)
        self.socket.settimeout(0.01)
        while True:
            self.send(byte)
            with contextlib.suppress(TimeoutError):
                if not self.socket.recv(65536):
                    return


def http(status, body, content_type="application/json", headers=""):
    body = body if isinstance(body, bytes) else body.encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def says(data):
    return lambda connection, request: connection.send(data)


def answers(status, body, *more):
    return says(http(status, body, *more))


def rpc(result):
    return lambda connection, request: connection.send(http(200, json.dumps(
        {"jsonrpc": "2.0", "id": request["id"], "result": result})))


def events(*results, then=None):
    """A stream of these results, or of text as it stands; `then` says what follows. Without it the connection ends."""
    def act(connection, request):
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for result in results:
            data = result if isinstance(result, (str, bytes)) else json.dumps(
                {"jsonrpc": "2.0", "id": request["id"], "result": result})
            connection.send(b"data: " + (data if isinstance(data, bytes) else data.encode()) + b"\n\n")
        if then:
            then(connection, request)
    return act


def stalls(connection, request):
    connection.wait_for_close()


def closes(connection, request):
    pass


def resets(connection, request):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(head, piece):
    def act(connection, request):
        connection.send(head)
        connection.for_ever(piece)
    return act


def trickles(head, byte):
    return lambda connection, request: connection.byte_by_byte(head, byte)


# HTTP/2 by hand, for what no server of gRPC would say.
def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def fields(*pairs):
    """Header fields that are written out, without Huffman's code and without a table."""
    block = b""
    for name, value in pairs:
        block += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return block


SETTINGS = frame(4, 0, 0)


def http2(*frames, then=None):
    def act(connection, request):
        connection.send(SETTINGS + b"".join(frames))
        (then or stalls)(connection, request)
    return act


def headers(*pairs, end=False):
    return frame(1, 5 if end else 4, 1, fields(*pairs))


GRPC_HEAD = headers((":status", "200"), ("content-type", "application/grpc"))


def data(payload, end=False):
    return frame(0, 1 if end else 0, 1, payload)


def message(payload):
    return b"\0" + struct.pack(">I", len(payload)) + payload


OK_TRAILERS = headers(("grpc-status", "0"), end=True)


# -- The table ---------------------------------------------------------------------------------------------------------
# name, what the server does when it is asked for its card, and the error. Each is met by `card get` and by `send`.
CARDS = [
    ("answers 404", answers(404, "{}"), NOT_FOUND),
    ("answers 401", answers(401, "{}"), "A2ACLI_ERR_CREDENTIALS_MISSING"),
    ("answers 500", answers(500, "<h1>Oops</h1>", "text/html"), UNREACHABLE),
    ("answers 503 again and again", answers(503, "{}"), UNREACHABLE),
    ("is HTML", answers(200, "<html>Welcome</html>", "text/html"), INVALID),
    ("is empty", answers(200, ""), INVALID),
    ("is cut off", answers(200, '{"name":"x","supportedInterf'), INVALID),
    ("is a list", answers(200, "[]"), INVALID),
    ("is an empty object", answers(200, "{}"), INVALID),
    ("is not UTF-8", answers(200, b'{"name":"\xff\xfe"}'), INVALID),
    ("has fields of other types", answers(200, '{"name":7,"supportedInterfaces":"none"}'), INVALID),
    ("is nested too deeply", answers(200, "[" * 100_000), INVALID),
    ("has no interface", answers(200, '{"name":"x","supportedInterfaces":[]}'), INVALID),
    ("never ends", endless("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" " * 65536), INVALID),
    ("has headers without end", endless("HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"x" * 4000 + b"\r\n"), INVALID),
    ("is not HTTP", says("SSH-2.0-OpenSSH_9.2\r\n"), UNREACHABLE),
    ("is closed", closes, UNREACHABLE),
    ("is reset", resets, UNREACHABLE),
    ("ends before its length", says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"), UNREACHABLE),
    ("stalls", stalls, TIMEOUT),
    ("stalls within the body", lambda connection, request: (
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"), connection.wait_for_close()), TIMEOUT),
    ("trickles", trickles("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "), TIMEOUT),
    ("redirects to itself", answers(302, "", "text/plain", "Location: /.well-known/agent-card.json\r\n"), UNREACHABLE),
    ("redirects to a file", answers(302, "", "text/plain", "Location: file:///etc/passwd\r\n"), UNREACHABLE),
]

# name, changes of the card, command, and the error.
LIES = [
    ("lists only unknown bindings", {"supportedInterfaces": [{"url": "x:1", "protocolBinding": "SMOKE",
                                                              "protocolVersion": "1.0"}]},
     "send", "VersionNotSupportedError"),
    ("lists only another version", {"supportedInterfaces": [{"url": "http://127.0.0.1:1", "protocolBinding": "JSONRPC",
                                                             "protocolVersion": "9.0"}]},
     "send", "VersionNotSupportedError"),
    ("names a port where nobody listens", {"supportedInterfaces": [{
        "url": "http://127.0.0.1:1", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]}, "send", UNREACHABLE),
    ("names what is not a URL", {"supportedInterfaces": [{
        "url": "http://[", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]}, "send", UNREACHABLE),
    ("names a file", {"supportedInterfaces": [{
        "url": "file:///etc/passwd", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]}, "send", UNREACHABLE),
]

# name, binding, command, what the server does when it is called, and the error.
CALLS = [
    ("a page of HTML", "JSONRPC", "send", answers(200, "<html></html>", "text/html"), BAD_ANSWER),
    ("a page of HTML", "HTTP+JSON", "send", answers(200, "<html></html>", "text/html"), BAD_ANSWER),
    ("an empty body", "JSONRPC", "send", answers(200, ""), BAD_ANSWER),
    ("an empty body", "HTTP+JSON", "send", answers(200, ""), BAD_ANSWER),
    ("an empty object", "JSONRPC", "send", answers(200, "{}"), BAD_ANSWER),
    ("an empty object", "HTTP+JSON", "send", answers(200, "{}"), BAD_ANSWER),
    ("an empty result", "JSONRPC", "send", rpc({}), BAD_ANSWER),
    ("a result of another type", "JSONRPC", "send", rpc({"task": [1]}), BAD_ANSWER),
    ("an error of another type", "JSONRPC", "send", answers(200, '{"jsonrpc":"2.0","id":1,"error":"no"}'), "InternalError"),
    ("an answer that is not UTF-8", "JSONRPC", "send",
     answers(200, b'{"jsonrpc":"2.0","id":1,"result":{"task":{"id":"\xff"}}}'), BAD_ANSWER),
    ("a page of HTML with status 404", "JSONRPC", "send", answers(404, "<html></html>", "text/html"), BAD_ANSWER),
    ("a status of 500", "JSONRPC", "send", answers(500, "Oops", "text/plain"), "InternalError"),
    ("a status of 502", "HTTP+JSON", "send", answers(502, "<html>", "text/html"), UNREACHABLE),
    ("a redirect", "JSONRPC", "send", answers(302, "", "text/plain", "Location: http://127.0.0.1:1/\r\n"), BAD_ANSWER),
    ("bytes that are not HTTP", "JSONRPC", "send", says(b"\0\1\2\3\r\n\r\n"), UNREACHABLE),
    ("no answer, and the connection closed", "JSONRPC", "send", closes, UNREACHABLE),
    ("no answer, and the connection reset", "HTTP+JSON", "send", resets, UNREACHABLE),
    ("no answer", "JSONRPC", "send", stalls, TIMEOUT),
    ("an answer byte by byte", "HTTP+JSON", "send", trickles("HTTP/1.1 200 OK\r\n\r\n", b" "), TIMEOUT),
    ("a task of an unknown state", "JSONRPC", "send", rpc({"task": {"id": "t", "contextId": "c", "status": {
        "state": "TASK_STATE_PONDERING"}}}), TIMEOUT),
    ("a page token that repeats", "JSONRPC", "list", rpc({"tasks": [], "nextPageToken": "again"}), BAD_ANSWER),
    ("JSON instead of a stream", "JSONRPC", "stream", rpc(WORKING), BAD_ANSWER),
    ("JSON instead of a stream", "HTTP+JSON", "stream", answers(200, json.dumps(WORKING)), BAD_ANSWER),
    ("a stream of another type", "JSONRPC", "stream", answers(200, "data: {}\n\n", "text/plain"), BAD_ANSWER),
    ("a stream without events", "JSONRPC", "stream", events(), UNREACHABLE),
    ("an event that is not JSON", "JSONRPC", "stream", events("<html>"), BAD_ANSWER),
    ("an event that is not JSON", "HTTP+JSON", "stream", events("nul"), BAD_ANSWER),
    ("an event that is empty", "JSONRPC", "stream", events({}), BAD_ANSWER),
    ("an event that is not UTF-8", "HTTP+JSON", "stream", events(b'{"task":{"id":"\xff"}}'), BAD_ANSWER),
    ("a line without end", "JSONRPC", "stream",
     events(then=endless("data: ", b"x" * 65536)), BAD_ANSWER),
    ("heartbeats without end", "JSONRPC", "stream", events(WORKING, then=trickles("", b":\n")), TIMEOUT),
    ("silence after the first event", "JSONRPC", "stream", events(WORKING, then=stalls), TIMEOUT),
    ("events without end", "HTTP+JSON", "stream",
     events(json.dumps(WORKING), then=trickles("", b'data: {"task":{"id":"t","status":{}}}\n\n')), TIMEOUT),
    ("HTTP/1.1 instead of gRPC", "GRPC", "send", answers(200, "{}"), UNREACHABLE),
    ("bytes that are not HTTP/2", "GRPC", "send", says(b"\xff" * 100), UNREACHABLE),
    ("no answer", "GRPC", "send", http2(), TIMEOUT),
    ("no connection", "GRPC", "send", closes, UNREACHABLE),
    ("another content type", "GRPC", "send", http2(headers((":status", "200"), ("content-type", "text/html")),
                                                   data(b"<html>", end=True)), BAD_ANSWER),
    ("a status of HTTP", "GRPC", "send", http2(headers((":status", "404"), ("content-type", "text/html"), end=True)),
     BAD_ANSWER),
    ("a status of HTTP that is a moment's", "GRPC", "send", http2(headers(
        (":status", "502"), ("content-type", "text/html"), end=True)), UNREACHABLE),
    ("no grpc-status", "GRPC", "send", http2(GRPC_HEAD, data(message(b""), end=True)), BAD_ANSWER),
    ("a status that is not a number", "GRPC", "send", http2(headers(
        (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "fine"), end=True)), "InternalError"),
    ("a status that is unknown", "GRPC", "send", http2(headers(
        (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "99"), end=True)), "InternalError"),
    ("bytes that are not the message", "GRPC", "send", http2(GRPC_HEAD, data(message(b"\xff\xff\xff")), OK_TRAILERS),
     BAD_ANSWER),
    ("an empty message", "GRPC", "send", http2(GRPC_HEAD, data(message(b"")), OK_TRAILERS), BAD_ANSWER),
    ("no message", "GRPC", "send", http2(GRPC_HEAD, OK_TRAILERS), BAD_ANSWER),
    ("a message that is longer than it is", "GRPC", "send", http2(GRPC_HEAD, data(b"\0\0\0\1\0x"), OK_TRAILERS), BAD_ANSWER),
    ("a message that claims 4 GiB", "GRPC", "stream", http2(GRPC_HEAD, data(b"\0\xff\xff\xff\xffx")), BAD_ANSWER),
    ("a compressed message", "GRPC", "stream", http2(GRPC_HEAD, data(b"\1\0\0\0\1x")), BAD_ANSWER),
    ("an event that can't be read", "GRPC", "stream", http2(GRPC_HEAD, data(message(b"\xff"))), BAD_ANSWER),
    ("an event that is empty", "GRPC", "stream", http2(GRPC_HEAD, data(message(b""))), BAD_ANSWER),
    ("silence", "GRPC", "stream", http2(GRPC_HEAD), TIMEOUT),
]

COMMANDS = {"card": ["card", "get"], "send": ["send", "x"], "stream": ["send", "x", "--stream"],
            "list": ["task", "list", "--all"]}


# -- Running it --------------------------------------------------------------------------------------------------------
class BadServer:
    """One connection per request; `card` and `call` say what happens with those for the card and the others."""

    def __init__(self, card=None, call=None, binding="JSONRPC", streams=False, tls=None, **changes):
        self.card, self.call, self.binding, self.streams, self.changes = card, call, binding, streams, changes
        self.server = RawServer(self.serve, tls)
        self.url = self.server.url

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.server.close()

    def serve(self, connection):
        request = read_request(connection)
        if not request:
            return
        head, body = request
        if head.startswith(b"PRI "):
            self.call(Connection(connection), {"id": None})
            return
        request = {"id": json.loads(body).get("id") if body else None}
        if head.startswith(b"GET /.well-known/") or self.call is None:
            (self.card or self.good_card)(Connection(connection), request)
        else:
            self.call(Connection(connection), request)
        # What the client has not read yet must not be lost to a reset.
        if self.call is not resets and self.card is not resets:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(5)
            while connection.recv(65536):
                pass

    def good_card(self, connection, request):
        interface = {"url": self.url, "protocolBinding": self.binding, "protocolVersion": "1.0"}
        card = card_of(self.url, **{"supportedInterfaces": [interface], "capabilities": {"streaming": self.streams},
                                    **self.changes})
        connection.send(http(200, json.dumps(card), headers="Connection: close\r\n"))


def met(cli, name, command, server, expected, **more):
    """What is wrong with how the command ended; nothing when it ended as it should."""
    # Those that would wait for ever get a second; the others have more time than they need.
    timeout = "1s" if expected == TIMEOUT else "50s"
    with server:
        done = cli.run(*COMMANDS[command], "-a", server.url, "-o", "json", "--timeout", timeout, **more)
    title = f"{command}: {name}"
    lines = done.stdout.splitlines()
    try:
        error = json.loads(lines[-1])["error"]
    except (ValueError, KeyError, IndexError, TypeError):
        return f"{title}: no error: status {done.returncode}, {done.stdout!r}, {done.stderr!r}"
    if (error["code"], done.returncode) != (expected, STATUS[expected]) or not error["message"]:
        return f"{title}: {done.returncode} {error}, not {expected}"
    return None


def tls_cases(cli):
    """TLS that fails: a server without it, and a certificate that nobody has signed or that is for another name."""
    certificates = Certificates(cli.home / "tls")
    plain = BadServer()
    plain.url = plain.url.replace("http:", "https:")
    yield "speaks no TLS", plain, {}
    for name, authority, host in (("has a certificate that nobody trusts", None, "127.0.0.1"),
                                  ("has a certificate for another name", "ca.pem", "localhost")):
        server = BadServer(tls=certificates.context())
        server.url = server.url.replace("127.0.0.1", host)
        yield name, server, {"env": {"A2ACLI_CA_FILE": certificates.path(authority)}} if authority else {}


def main():
    cli = Cli(pathlib.Path(sys.argv[1]).resolve(), None)
    bindings = sys.argv[2:] or ["JSONRPC", "HTTP+JSON"]
    rows = [(name, command, BadServer(card=card), code, {}) for name, card, code in CARDS for command in ("card", "send")]
    rows += [(name, command, BadServer(**changes), code, {}) for name, changes, command, code in LIES]
    rows += [(f"{name} over {binding}", command, BadServer(call=call, binding=binding, streams=command == "stream"), code, {})
             for name, binding, command, call, code in CALLS if binding in bindings]
    rows += [(name, "card", server, UNREACHABLE, more) for name, server, more in tls_cases(cli)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        wrong = [found for found in pool.map(lambda row: met(cli, *row[:4], **row[4]), rows) if found]
    print("\n".join(wrong or [f"{len(rows)} bad servers, each one clear error"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
