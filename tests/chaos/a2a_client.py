"""An A2A client of its own: JSON-RPC and server-sent events over plain sockets, nothing but the standard library."""
import asyncio
import json


class Lost(Exception):
    """The connection ended before the answer was there: whether the request was carried out is unknown."""


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


TASK_NOT_FOUND, NOT_CANCELABLE, UNSUPPORTED = -32001, -32002, -32004
BUSY = -32603  # with the 503 of a server that starts or drains


class Connection:
    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        try:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as e:
            raise Lost(f"connect: {e}") from e
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def request(self, method, params, headers):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        lines = ["POST / HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", "A2A-Version: 1.0",
                 "Connection: close", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        try:
            self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            await self.writer.drain()
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except (OSError, asyncio.IncompleteReadError) as e:
            raise Lost(f"request: {e}") from e
        self.status = int(head[0].split()[1])
        self.headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}

    async def line(self):
        """The next line of a body, whatever its framing; None at its end."""
        try:
            if self.headers.get("transfer-encoding") != "chunked":
                return await self.reader.readline() or None
            while b"\n" not in self.pending:
                chunk = await self.chunk()
                if not chunk:
                    return None
                self.pending += chunk
        except (OSError, asyncio.IncompleteReadError, ValueError) as e:
            raise Lost(f"stream: {e}") from e
        line, _, self.pending = self.pending.partition(b"\n")
        return line + b"\n"

    async def chunk(self):
        """The next chunk; empty for the last one."""
        size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def body(self):
        try:
            if self.headers.get("transfer-encoding") == "chunked":
                whole = b""
                while chunk := await self.chunk():
                    whole += chunk
                return whole
            return await self.reader.readexactly(int(self.headers.get("content-length", "0")))
        except (OSError, asyncio.IncompleteReadError, ValueError) as e:
            raise Lost(f"answer: {e}") from e

    pending = b""


def result_of(status, text):
    try:
        answer = json.loads(text)
    except ValueError as e:
        raise Refused(status, f"an answer that is no JSON: {text[:200]!r}") from e
    if "error" in answer:
        error = answer["error"]
        if isinstance(error, dict) and status == 503:
            raise Refused(BUSY, error.get("message", ""))
        raise Refused(error.get("code", status), error.get("message", ""))
    return answer["result"]


async def call(port, method, params, **headers):
    """One unary call; its result. Lost when no answer came, Refused when the answer is an error."""
    async with Connection(port) as connection:
        await connection.request(method, params, headers)
        return result_of(connection.status, await connection.body())


async def stream(port, method, params, farewell=None, **headers):
    """Yields (event id, StreamResponse) until the server ends the stream in order; Lost when it is cut. When clients were told
    to come again, that is put into `farewell`."""
    async with Connection(port) as connection:
        await connection.request(method, params, {"Accept": "text/event-stream", **headers})
        if not connection.headers.get("content-type", "").startswith("text/event-stream"):
            result_of(connection.status, await connection.body())
            raise Refused(connection.status, "the answer is no stream")
        event, data = None, []
        while (line := await connection.line()) is not None:
            line = line.rstrip(b"\r\n").decode()
            if line.startswith("id:"):
                event = int(line[3:])
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif line.startswith(": the server is stopping") and farewell is not None:
                farewell.append(line)
            elif not line and data:
                yield event, result_of(200, "\n".join(data))
                event, data = None, []
