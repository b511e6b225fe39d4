"""For the tests of nodes on a PostgreSQL in trouble: requests of every kind, and a server for each class of tests."""
import contextlib
import http.client
import json
import subprocess
import threading
import time
import unittest

from many_nodes import Node, awake, postgres_server, state

SOON = 5     # seconds for an answer while the database is away
FROZEN = 16  # and when it neither answers nor closes


class Answer:
    def __init__(self, status, headers, body, took):
        self.status, self.headers, self.body, self.took = status, headers, body, took

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body} after {self.took:.1f} s"

    @property
    def may_be_retried(self):
        if self.status == 503:
            return "Retry-After" in self.headers
        error = self.body.get("error", {})
        kinds = [detail["@type"].rsplit(".", 1)[1] for detail in error.get("data", [])]
        return error.get("code") == -32603 and "RetryInfo" in kinds


def ask(node, method, path, body=None, stream=False):
    """One request and the whole of its answer; of a stream its first event."""
    began = awake.seconds()
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
    headers = {"Content-Type": "application/json", "A2A-Version": "1.0"}
    if stream:
        headers["Accept"] = "text/event-stream"
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    if response.getheader("Content-Type", "").startswith("text/event-stream"):
        read = next(json.loads(line[5:]) for line in response if line.startswith(b"data:"))
    else:
        read = json.loads(response.read() or b"{}")
    connection.close()
    return Answer(response.status, dict(response.getheaders()), read, awake.seconds() - began)


def message(text, task=None):
    made = {"messageId": f"m-{time.monotonic_ns()}", "role": "ROLE_USER", "parts": [{"text": text}]}
    return {**made, "taskId": task} if task else made


def requests(task, paused):
    """Every operation in both bindings: name, HTTP method, path, body, whether it is a stream."""
    send = {"message": message("hi")}
    quick = {"message": message("hi"), "configuration": {"returnImmediately": True}}
    more = {"message": message("hi", paused)}

    def rpc(method, params, stream=False):
        return f"JSON-RPC {method}", "POST", "/", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, stream

    return [rpc("SendMessage", send), rpc("SendMessage", quick), rpc("SendMessage", more),
            rpc("SendStreamingMessage", send, True), rpc("GetTask", {"id": task}), rpc("ListTasks", {}),
            rpc("CancelTask", {"id": task}), rpc("SubscribeToTask", {"id": task}, True),
            ("send", "POST", "/message:send", send, False), ("follow-up", "POST", "/message:send", more, False),
            ("stream", "POST", "/message:stream", send, True), ("get", "GET", f"/tasks/{task}", None, False),
            ("list", "GET", "/tasks", None, False), ("cancel", "POST", f"/tasks/{task}:cancel", {}, False),
            ("subscribe", "GET", f"/tasks/{task}:subscribe", None, True)]


def slow_sends():
    """A send in each binding to a handler that waits, for `Together`."""
    return [("slow send", "POST", "/message:send", {"message": message("wait")}, False),
            ("JSON-RPC slow send", "POST", "/",
             {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message("wait")}}, False)]


class Together:
    """Requests that are under way at once."""

    def __init__(self, node, wanted):
        self.answers = []
        self.threads = [threading.Thread(target=self._one, args=(node, *one), daemon=True) for one in wanted]
        for thread in self.threads:
            thread.start()

    def _one(self, node, name, method, path, body, stream):
        try:
            answer = ask(node, method, path, body, stream)
        except (OSError, http.client.HTTPException, ValueError, StopIteration) as e:
            answer = e
        self.answers.append((name, answer))

    def finish(self, within):
        """Pairs of a name and its answer; those that are not there in time are missing."""
        end = awake.seconds() + within
        while any(thread.is_alive() for thread in self.threads) and awake.seconds() < end:
            for thread in self.threads:
                thread.join(max(end - awake.seconds(), 0))
        return self.answers


class Weather(unittest.TestCase):
    """One database server per class, one schema per test."""
    settings = ()
    count = 0

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(postgres_server.PostgresServer(cls.settings))

    def setUp(self):
        Weather.count += 1
        self.schema = f"weather_{Weather.count}"
        self.nodes = []

    def tearDown(self):
        for node in self.nodes:
            node.close()

    def start(self, count=1, **settings):
        made = [Node(self.schema, **{"url": self.server.url, **settings}) for _ in range(count)]
        self.nodes += made
        return [node.up() for node in made]

    def wait_until(self, condition, seconds=60, what="it"):
        deadline = awake.seconds() + seconds
        while not condition():
            self.assertLess(awake.seconds(), deadline, f"{what} did not happen in time")
            time.sleep(0.02)

    def working(self, node):
        """A task whose handler waits, and the stream of somebody who watches it."""
        task = node.send("wait", wait=False)["id"]
        self.wait_until(lambda: "message" in node.task(task)["status"])
        return task

    def ready(self, node):
        return node.get("/health/ready")[0].status == 200

    def check_all_fail(self, asked, within):
        answers = asked.finish(within)
        self.assertEqual(len(answers), len(asked.threads), f"some hang; not these: {[name for name, _ in answers]}")
        for name, answer in answers:
            # A send over HTTP+JSON that was kept alive has its status already: it can only be cut.
            if name.startswith("slow send") and isinstance(answer, http.client.IncompleteRead):
                continue
            self.assertIsInstance(answer, Answer, name)
            self.assertTrue(answer.may_be_retried, f"{name}: {answer}")
            self.assertLess(answer.took, within, name)

    def check_all_is_well(self, node, task):
        self.assertEqual(state(node.send("after")), "COMPLETED")
        self.assertEqual(state(node.call("CancelTask", {"id": task})), "CANCELED")

    def backends(self, where="true"):
        """Process ids of this schema's nodes' connections."""
        rows = self.server.sql("select pid from pg_stat_activity where application_name = 'a2akit' and "
                               f"backend_type = 'client backend' and {where}")
        return [int(row) for row in rows.splitlines()]

    @contextlib.contextmanager
    def somebody_in(self, statement):
        """A transaction of somebody else's, open after its statement."""
        psql = subprocess.Popen([postgres_server.binaries() / "psql", "-X", "-q", self.server.url], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        psql.stdin.write(f"begin; {statement};\n")
        psql.stdin.flush()
        self.wait_until(lambda: self.server.sql("select count(*) from pg_stat_activity where application_name = 'psql' and "
                                                "state = 'idle in transaction' and query not like 'begin%'") == "1")
        try:
            yield
        finally:
            psql.stdin.close()  # which ends the session
            psql.wait(20)

    def locked(self):
        """Whoever touches a task waits for us."""
        return self.somebody_in(f"lock table {self.schema}.tasks in access exclusive mode")
