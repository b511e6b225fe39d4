"""What an instrumented build is made to do by `./bench/run --train`: the load that a profile of the server is taken from."""
import json
import signal
import socket
import ssl
from contextlib import contextmanager

from public_cases import Stamps

TEXT = "echo " + "x" * 295


class Training:
    def train(self):
        """Each agent is stopped in order: it writes its profile when it exits."""
        with self.stopped(self.agent(cores=None)) as agent:
            self.train_requests(agent)
            self.train_refusals(agent)
        durable = {"A2AKIT_DATA_DIR": str(self.directory()), "A2AKIT_SQLITE_SYNCHRONOUS": "normal"}
        with self.stopped(self.agent(cores=None, **durable)) as agent:
            self.train_requests(agent)
        self.train_webhook()
        self.train_callers()

    def train_callers(self):
        """Callers that have a key, over TLS."""
        certificate, key = self.certificate()
        keys, request = self.work / "keys", self.work / "request-with-key"
        keys.write_text("caller the-key-of-the-caller\n")
        keys.chmod(0o600)
        request.write_bytes(self.send(TEXT).read_bytes().replace(b"Host:", b"X-API-Key: the-key-of-the-caller\r\nHost:"))
        protected = {"A2AKIT_TLS_CERT": str(certificate), "A2AKIT_TLS_KEY": str(key), "A2AKIT_API_KEYS_FILE": str(keys)}
        with self.stopped(self.agent(cores=None, **protected)) as agent:
            self.in_turn(agent, request, 500, ssl.create_default_context(cafile=certificate))

    @contextmanager
    def stopped(self, program):
        with program:
            yield program
            program.process.send_signal(signal.SIGTERM)
            program.process.wait(60)

    def train_requests(self, agent):
        task = json.loads(self.answer(agent, self.send(TEXT)))["result"]["task"]
        old = {"kind": "message", "messageId": "message-@@@@@@@@", "role": "user", "parts": [{"kind": "text", "text": TEXT}]}
        for request, requests in (
                (self.send(TEXT), 8_000),
                (self.rest("POST", "/message:send", self.message(TEXT)), 3_000),
                (self.request("message/send", {"message": old}, version=None), 1_000),
                (self.request("GetTask", {"id": task["id"]}), 2_000),
                (self.rest("GET", f"/tasks/{task['id']}"), 1_000),
                (self.request("ListTasks", {"contextId": task["contextId"]}), 500),
                (self.stream("chunks-yield 20"), 600),
                (self.stream("chunks 20"), 400),
                (self.rest("POST", "/message:stream", self.message("chunks-yield 20")), 200)):
            self.load(agent, request, requests, connections=16, cores=None)

    def rest(self, method, path, body=None):
        text = json.dumps(body) if body else ""
        head = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nA2A-Version: 1.0\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n")
        file = self.work / f"request-{len(list(self.work.iterdir()))}"
        file.write_text(head + text)
        return file

    def train_refusals(self, agent):
        """Some of each, so that refusing is compiled as something that happens, but seldom."""
        broken = self.work / "broken"
        broken.write_bytes(self.send(TEXT).read_bytes().replace(b'"jsonrpc"', b'"jsonrpd"'))
        for refused in (self.request("GetTask", {"id": "unknown"}), self.request("Unknown", {}), broken):
            self.load(agent, refused, 100, connections=4, cores=None)
        for path in ("/tasks/unknown", "/nowhere"):
            with socket.create_connection(("127.0.0.1", agent.port), timeout=30) as connection:
                connection.sendall(self.rest("GET", path).read_bytes())
                connection.recv(65536)

    def train_webhook(self):
        stamps = Stamps()
        sent = self.message(TEXT)
        sent["configuration"] = {"taskPushNotificationConfig": {"url": f"http://127.0.0.1:{stamps.server_address[1]}/"}}
        with self.stopped(self.push_agent(cores=None)) as agent:
            self.load(agent, self.request("SendMessage", sent), 200, connections=4, cores=None)
        stamps.shutdown()
