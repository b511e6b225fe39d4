"""A stand-in for an OpenAI-compatible server that does what the last user message asks for."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeOpenAi:
    """Listens on a free port. `requests` holds what it was sent: the headers and the parsed body."""

    def __init__(self):
        fake = self
        self.requests = []
        self.refusals = 0  # how many requests are still refused with 429
        self.released = threading.Event()  # ends a "stall"
        self.gone = threading.Event()  # raised when a client that waits for an endless answer has gone

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.requests.append((dict(self.headers), self.path, body))
                fake.answer(self, body["messages"][-1]["content"])

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, to, asked):
        if self.refusals > 0:
            self.refusals -= 1
            return self.refuse(to, 429, {"error": {"message": "too many"}}, {"Retry-After": "0"})
        word, _, rest = asked.partition(" ")
        kind = getattr(self, "do_" + word, None)
        return kind(to, rest) if kind else self.words(to, f"You said: {asked}".split(" "))

    @staticmethod
    def refuse(to, status, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        to.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(data)

    @staticmethod
    def begin(to):
        to.send_response(200)
        to.send_header("Content-Type", "text/event-stream; charset=utf-8")
        to.send_header("Connection", "close")
        to.end_headers()

    @staticmethod
    def chunk(to, delta, finish=None):
        event = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        to.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        to.wfile.flush()

    def words(self, to, words, finish="stop", done=True):
        self.begin(to)
        self.chunk(to, {"role": "assistant", "content": ""})
        for i, word in enumerate(words):
            self.chunk(to, {"content": word if i == 0 else " " + word})
        if finish:
            self.chunk(to, {}, finish)
        if done:
            to.wfile.write(b"data: [DONE]\n\n")
        to.close_connection = True

    def do_whole(self, to, _):
        self.refuse(to, 200, {"choices": [{"message": {"role": "assistant", "content": "all of it"}, "finish_reason": "stop"}]})

    def do_status(self, to, number):
        self.refuse(to, int(number), {"error": {"message": "because it is so", "type": "some"}})

    def do_page(self, to, number):
        self.refuse(to, int(number), b"<html>secret path /srv</html>", {"Content-Type": "text/html"})

    def do_cut(self, to, _):
        self.words(to, ["half", "of"], finish=None, done=False)

    def do_open(self, to, _):
        """Ends its answer, but not the connection."""
        self.words(to, ["complete"])
        to.wfile.flush()
        self.released.wait(60)

    def do_stall(self, to, _):
        self.begin(to)
        self.chunk(to, {"content": "some"})
        self.released.wait(60)

    def do_silent(self, to, _):
        self.released.wait(60)
        to.close_connection = True

    def do_endless(self, to, _):
        self.begin(to)
        try:
            while True:
                self.chunk(to, {"content": "word " * 1000})
        except OSError:
            self.gone.set()

    def do_line(self, to, _):
        self.begin(to)
        try:
            to.wfile.write(b"data: ")
            while True:
                to.wfile.write(b"x" * 65536)
        except OSError:
            self.gone.set()

    def do_garbage(self, to, _):
        self.begin(to)
        to.wfile.write(b"data: {\"choices\": [\n\n")

    def do_bytes(self, to, _):
        self.begin(to)
        to.wfile.write(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n")

    def do_error(self, to, _):
        self.begin(to)
        self.chunk(to, {"content": "begun"})
        to.wfile.write(b'data: {"error":{"message":"out of memory"}}\n\n')

    def do_tool(self, to, _):
        self.words(to, [], finish="tool_calls")

    def do_filter(self, to, _):
        self.words(to, ["so", "far"], finish="content_filter")
