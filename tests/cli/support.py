"""What the checks of the command line share: the executable, a live agent, and an agent that follows a script."""
import contextlib
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

SECRET = "s3cret-token-9d2f"


class Cli:
    """The executable, with an environment and a home of its own."""

    def __init__(self, program, agent):
        self.program = str(program)
        self.agent = agent
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="a2akit-cli-"))
        self.cwd = self.home / "work"
        self.cwd.mkdir()

    def environment(self, more=None):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("A2ACLI_", "A2AKIT_", "XDG_"))}
        return {**kept, "HOME": str(self.home), "no_proxy": "*", **(more or {})}

    def run(self, *arguments, env=None, stdin="", timeout=60, cwd=None):
        """Runs to the end: an object with stdout, stderr and returncode."""
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                              input=stdin, env=self.environment(env), cwd=cwd or self.cwd)

    def start(self, *arguments, env=None):
        return subprocess.Popen([self.program, *map(str, arguments)], text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(env), cwd=self.cwd)

    def talk(self, *arguments, **options):
        """Runs a command that talks to the live agent, which has to succeed."""
        done = self.run(*arguments, "--agent-card", self.agent, **options)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments, **options):
        """The one document that a command prints with -o json."""
        return json.loads(self.talk(*arguments, "-o", "json", **options).stdout)

    def lines(self, *arguments, **options):
        done = self.talk(*arguments, "-o", "json", "--stream", **options)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def failure(self, *arguments, status=None, **options):
        """The error object of a command that fails with -o json."""
        done = self.run(*arguments, "-o", "json", **options)
        assert done.returncode != 0, f"{arguments} did not fail: {done.stdout}"
        error = json.loads(done.stdout)["error"]
        assert set(error) == {"code", "message", "hint", "a2aCode"}, error
        if status is not None:
            assert done.returncode == status, (done.returncode, error)
        return error


def fields(text):
    """{label: value} of a text output, with the content of each block as its value."""
    found, lines, at = {}, text.splitlines(), 0
    while at < len(lines):
        label, colon, value = lines[at].partition(": ")
        if lines[at].endswith(":") and not colon:
            end = lines.index("", at)
            label, value = lines[at][:-1], "\n".join(lines[at + 1:end])
            at = end
        else:
            assert colon, f"neither a field nor a block: {lines[at]!r}"
        found.setdefault(label, value)
        at += 1
    return found


@contextlib.contextmanager
def live_agent(program, *arguments, env=None, command="demo-server"):
    """Our own practice agent, or what another command serves; yields its URL."""
    server = subprocess.Popen([str(program), command, "--port", "0", *map(str, arguments)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "A2AKIT_DRAIN_TIMEOUT": "1", **(env or {})})
    try:
        line = server.stdout.readline()
        assert line.startswith("Listening: "), (line, server.stderr.read() if server.poll() is not None else "")
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield line.split(": ", 1)[1].strip()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def card_of(url, **changes):
    """A valid card of an agent at `url`."""
    card = {"name": "scripted", "description": "Follows a script.", "version": "1",
            "supportedInterfaces": [{"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
            "capabilities": {"streaming": False}, "defaultInputModes": ["text/plain"],
            "defaultOutputModes": ["text/plain"],
            "skills": [{"id": "s", "name": "s", "description": "s", "tags": ["s"]}]}
    card.update(changes)
    return card


def task_of(state, task_id="task-1", context_id="context-1", **more):
    return {"id": task_id, "contextId": context_id, "status": {"state": f"TASK_STATE_{state}"}, **more}


class Request:
    def __init__(self, handler, body):
        self.method = handler.command
        self.url = urllib.parse.urlsplit(handler.path)
        self.path = self.url.path
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = body
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None
        rpc = self.json if isinstance(self.json, dict) else {}
        self.operation = rpc.get("method", "")
        self.params = rpc.get("params", {})
        self.id = rpc.get("id")


class Scripted:
    """An agent whose answers a function gives: it gets a Request and returns a result for JSON-RPC, an Answer, or a
    list of results for a stream. Every request is kept."""

    def __init__(self, answer, tls=None, **card):
        self.answer, self.requests, self.card_changes = answer, [], card
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *ignored):
                pass

            def do_GET(self):
                outer.handle(self)

            do_POST = do_DELETE = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *ignored):
        self.server.shutdown()
        self.server.server_close()

    def calls(self, operation=None):
        return [one for one in self.requests if one.operation and operation in (None, one.operation)]

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        request = Request(handler, body)
        self.requests.append(request)
        answer = None
        if request.path == "/.well-known/agent-card.json" and request.method == "GET":
            answer = self.card_changes.get("card_answer") or Answer(200, card_of(self.url, **{
                name: value for name, value in self.card_changes.items() if name != "card_answer"}))
        answer = answer or self.answer(request)
        if isinstance(answer, dict):
            answer = Answer(200, {"jsonrpc": "2.0", "id": request.id, "result": answer})
        if isinstance(answer, list):
            events = [one if isinstance(one, str) else json.dumps({"jsonrpc": "2.0", "id": request.id, "result": one})
                      for one in answer]
            answer = Answer(200, "".join(f"data: {one}\n\n" for one in events if one != CUT), "text/event-stream",
                            cut=CUT in answer)
        answer.write(handler)


class Certificates:
    """A certificate authority, a certificate for 127.0.0.1 and one for a client, made by openssl."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.make("ca", ["-x509", "-subj", "/CN=test authority"])
        for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
            self.make(name, ["-subj", f"/CN={name}", "-x509", "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
                             "-addext", extension])

    def make(self, name, arguments):
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem"), *arguments], check=True,
                       capture_output=True)

    def path(self, name):
        return str(self.directory / name)

    def context(self, wants_client=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("server.pem"), self.path("server.key"))
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path("ca.pem"))
        return context


CUT = "(the connection breaks here)"


class Answer:
    def __init__(self, status, body, content_type="application/json", headers=None, cut=False):
        self.status, self.content_type, self.headers, self.cut = status, content_type, headers or {}, cut
        self.body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()

    def write(self, handler):
        handler.send_response(self.status)
        handler.send_header("Content-Type", self.content_type)
        # More than is sent: the client sees a connection that breaks.
        handler.send_header("Content-Length", str(len(self.body) + (100 if self.cut else 0)))
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.body)
        if self.cut:
            handler.wfile.flush()
            handler.close_connection = True


def rpc_error(request, code, message="no", reason=None):
    data = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
             "domain": "a2a-protocol.org"}] if reason else []
    return Answer(200, {"jsonrpc": "2.0", "id": request.id, "error": {"code": code, "message": message, "data": data}})
