#!/usr/bin/env python3
"""Several server processes on engines that they share, and what outages and oddities of PostgreSQL do to them.

usage: many_nodes.py PROGRAM MIX [unittest's arguments]
"""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import awake  # noqa: E402
import engines  # noqa: E402
import postgres_server  # noqa: E402

PROGRAM = None
MIX = []
SERVER = None  # the mix's PostgreSQL


class Node:
    """One process; `settings` are its A2AKIT_* variables without the prefix."""

    def __init__(self, schema, url=None, program=None, **settings):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("A2AKIT_")}
        for engine in MIX:
            environment.update(engine.environment(schema))
        if url:
            url += f"{'&' if '?' in url else '?'}schema={schema}&connections=3"
            environment.update({f"A2AKIT_{port}": url for port in engines.Postgres.PORTS})
        environment.update(A2AKIT_PORT="0", A2AKIT_LEASE="1", A2AKIT_THREADS="1", A2AKIT_DRAIN_TIMEOUT="1",
                           A2AKIT_SHOW_FAILURES="true")
        environment.update({f"A2AKIT_{key}": str(value) for key, value in settings.items()})
        self.process = subprocess.Popen(program or [PROGRAM], env=environment, text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.lines, self.port = [], None
        self.listening = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            found = re.search(r"listening url=http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                self.listening.set()
        self.listening.set()

    def up(self):
        if not self.listening.wait(30) or self.port is None:
            raise AssertionError("the node does not start:\n" + "".join(self.lines))
        return self

    def output(self):
        """What it said until it ended by itself."""
        self.process.wait(30)
        self.reader.join(10)
        return "".join(self.lines)

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self.reader.join(10)
        self.process.stdout.close()

    def get(self, path, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request("GET", path, headers={"A2A-Version": "1.0"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def rpc(self, method, params, timeout=30, headers=None):
        """The HTTP answer and the JSON-RPC answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        connection.request("POST", "/", body, {"Content-Type": "application/json", "A2A-Version": "1.0", **(headers or {})})
        answer = connection.getresponse()
        read = json.loads(answer.read())
        connection.close()
        return answer, read

    def call(self, method, params, timeout=30, headers=None):
        answer, read = self.rpc(method, params, timeout, headers)
        if "result" not in read:
            raise AssertionError(f"{method}: {answer.status} {read}")
        return read["result"]

    def send(self, text, task=None, wait=True, timeout=30, headers=None):
        message = {"messageId": f"m-{time.monotonic_ns()}", "role": "ROLE_USER", "parts": [{"text": text}]}
        if task:
            message["taskId"] = task
        params = {"message": message, "configuration": {"returnImmediately": not wait}}
        return self.call("SendMessage", params, timeout, headers)["task"]

    def task(self, name):
        return self.call("GetTask", {"id": name})

    def subscribe(self, task, after=None):
        return Stream(self, task, after)


class Stream:
    """A subscription, read by a thread: `events` are pairs of id and content."""

    def __init__(self, node, task, after):
        self.events, self.ended = [], threading.Event()
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
        headers = {"Content-Type": "application/json", "A2A-Version": "1.0", "Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": task}})
        self.connection.request("POST", "/", body, headers)
        self.answer = self.connection.getresponse()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        number = None
        try:
            for line in self.answer:
                text = line.decode().rstrip("\r\n")
                if text.startswith("id:"):
                    number = int(text[3:])
                elif text.startswith("data:"):
                    self.events.append((number, json.loads(text[5:])["result"]))
        except (OSError, http.client.HTTPException, ValueError):
            pass  # its node was killed
        self.connection.close()
        self.ended.set()

    def numbers(self):
        return [number for number, _ in self.events]

    def wait_for(self, condition, seconds=60):
        deadline = awake.seconds() + seconds
        while not condition(self.events):
            if awake.seconds() > deadline:
                raise AssertionError(f"the stream did not bring it: {self.events}")
            time.sleep(0.005)


def state(task):
    return task["status"]["state"].removeprefix("TASK_STATE_")


def text_of(task):
    return "".join(part["text"] for artifact in task.get("artifacts", []) for part in artifact["parts"])


class NodesCase(unittest.TestCase):
    """Nodes that share everything with each other, and nothing with those of other tests."""
    count = 0

    def setUp(self):
        NodesCase.count += 1
        self.schema = f"nodes_{NodesCase.count}"
        self.nodes = []

    def tearDown(self):
        for node in self.nodes:
            node.close()
        SERVER.sql(f"set client_min_messages = error; drop schema if exists {self.schema} cascade")

    def start(self, count=1, **settings):
        """A lease of 15 s outlasts any moment in which the machine stands still; tests whose nodes die say a shorter one."""
        made = [Node(self.schema, **{"LEASE": 15, **settings}) for _ in range(count)]
        self.nodes += made
        return [node.up() for node in made]

    def wait_until(self, condition, seconds=60):
        deadline = awake.seconds() + seconds
        while not condition():
            self.assertLess(awake.seconds(), deadline, "it did not happen in time")
            time.sleep(0.02)

    def running(self, node, task):
        """The process that waits in the task's handler."""
        self.wait_until(lambda: "message" in node.task(task)["status"] and state(node.task(task)) == "WORKING")
        return int(node.task(task)["status"]["message"]["parts"][0]["text"].split()[-1])

    def of_process(self, process):
        return next(node for node in self.nodes if node.process.pid == process)


class OnSeveralNodes(NodesCase):
    def test_a_task_sent_on_one_node_is_watched_on_another_and_canceled_on_a_third(self):
        one, two, three = self.start(3)
        task = one.send("wait", wait=False)["id"]
        self.running(two, task)
        stream = two.subscribe(task)
        canceled = three.call("CancelTask", {"id": task})
        self.assertEqual(state(canceled), "CANCELED")
        self.assertTrue(stream.ended.wait(30))
        self.assertEqual(stream.events[-1][1]["statusUpdate"]["status"]["state"], "TASK_STATE_CANCELED")

    def test_a_blocking_send_is_answered_at_once_though_another_node_does_the_work(self):
        one, two = self.start(2, MAX_CONCURRENT_TASKS=1)
        # Whoever gets it is full from now on.
        blocked = one.send("wait", wait=False)["id"]
        full = self.of_process(self.running(one, blocked))
        other = two if full is one else one
        took = []
        for _ in range(6):
            began = time.monotonic()
            task = full.send("hello")
            took.append(time.monotonic() - began)
            self.assertEqual(text_of(task), f"hello by {other.process.pid}")
        # A send that begins where a look has answered the one before would wait a whole second for the next look.
        self.assertLess(min(took[1:]), 0.9, "found by a notification, not by the look once a second")
        one.call("CancelTask", {"id": blocked})

    def test_events_reach_a_subscriber_on_another_node_once_and_in_order(self):
        one, two = self.start(2)
        task = one.send("count 20", wait=False)["id"]
        stream = two.subscribe(task)
        self.assertTrue(stream.ended.wait(30))
        numbers = stream.numbers()
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.assertEqual(text_of(two.task(task)).split()[:20], [str(i) for i in range(1, 21)])

    def test_a_stream_goes_on_elsewhere_when_its_node_dies_and_so_does_the_work(self):
        one, two, three = self.start(3, LEASE=1)
        task = one.send("count 40", wait=False)["id"]
        stream = one.subscribe(task)
        stream.wait_for(lambda events: len(events) >= 5)
        one.kill()
        self.assertTrue(stream.ended.wait(30))
        last = stream.numbers()[-1]
        resumed = two.subscribe(task, after=last)
        self.assertTrue(resumed.ended.wait(30))
        numbers = resumed.numbers()
        self.assertEqual(numbers, list(range(last + 1, last + 1 + len(numbers))))
        self.assertEqual(resumed.events[-1][1]["statusUpdate"]["status"]["state"], "TASK_STATE_COMPLETED")
        self.assertEqual(state(three.task(task)), "COMPLETED")

    def test_the_tasks_of_a_killed_node_run_again_within_the_lease_and_a_second(self):
        one, two = self.start(2, LEASE=1)
        tasks = [one.send("wait", wait=False)["id"] for _ in range(8)]
        owners = {task: self.running(two, task) for task in tasks}
        dead = self.of_process(owners[tasks[0]])
        alive = two if dead is one else one
        dead.kill()
        began = awake.seconds()
        self.wait_until(lambda: all(self.running(alive, task) == alive.process.pid for task in tasks))
        self.assertLess(awake.seconds() - began, 1.0 + 1.0 + 0.7)
        for task in tasks:
            self.assertEqual(state(alive.call("CancelTask", {"id": task})), "CANCELED")

    def test_a_follow_up_to_a_paused_task_of_a_dead_node_is_done_by_another(self):
        one, = self.start()
        paused = one.send("ask")
        self.assertEqual(state(paused), "INPUT_REQUIRED")
        one.kill()
        two, = self.start()
        done = two.send("this one", task=paused["id"])
        self.assertEqual(state(done), "COMPLETED")

    def test_a_handler_that_runs_much_longer_than_the_lease_runs_once(self):
        one, two = self.start(2, LEASE=3)
        task = one.send("count 150")  # seven and a half seconds
        self.assertEqual(text_of(task).split()[:150], [str(i) for i in range(1, 151)])

    def test_a_drain_hands_the_work_to_another_node(self):
        one, two = self.start(2)
        task = one.send("wait", wait=False)["id"]
        owner = self.of_process(self.running(one, task))
        other = two if owner is one else one
        owner.close()
        self.wait_until(lambda: self.running(other, task) == other.process.pid)
        other.call("CancelTask", {"id": task})

    # -- Outages

    def test_during_an_outage_requests_fail_at_once_in_a_way_that_can_be_retried_and_then_all_is_well(self):
        one, two = self.start(2, LEASE=1)
        before = one.send("before")["id"]
        running = one.send("wait", wait=False)["id"]
        self.running(one, running)
        SERVER.stop(signal.SIGQUIT)
        try:
            for node in (one, two):
                self.look_at_outage(node, before)
        finally:
            SERVER.start()
        for node in (one, two):
            self.wait_until(lambda: node.get("/health/ready")[0].status == 200)
        self.assertEqual(one.task(before)["id"], before)
        self.assertEqual(state(two.send("after")), "COMPLETED")
        self.assertEqual(state(two.call("CancelTask", {"id": running})), "CANCELED")

    def look_at_outage(self, node, task):
        began = awake.seconds()
        _, read = node.rpc("GetTask", {"id": task})
        self.assertEqual(read["error"]["code"], -32603)
        details = {detail["@type"].rsplit(".", 1)[1] for detail in read["error"]["data"]}
        self.assertIn("RetryInfo", details)
        answer, _ = node.get(f"/tasks/{task}")
        self.assertEqual(answer.status, 503)
        self.assertIsNotNone(answer.getheader("Retry-After"))
        self.assertLess(awake.seconds() - began, 5)
        ready, body = node.get("/health/ready")
        self.assertEqual(ready.status, 503)
        self.assertIn(b"storage", body)

    def test_a_restart_under_load_loses_nothing(self):
        nodes = self.start(3, LEASE=1)
        accepted, stop, lock = [], threading.Event(), threading.Lock()

        def load(node):
            while not stop.is_set():
                try:
                    _, read = node.rpc("SendMessage", {"message": {
                        "messageId": f"m-{time.monotonic_ns()}", "role": "ROLE_USER", "parts": [{"text": "hi"}]}}, 60)
                except OSError:
                    continue
                if "result" in read:
                    with lock:
                        accepted.append(read["result"]["task"]["id"])
                else:
                    self.assertEqual(read["error"]["code"], -32603, read)
                    time.sleep(0.05)

        threads = [threading.Thread(target=load, args=(node,)) for node in nodes for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        SERVER.restart(signal.SIGINT)
        count = len(accepted)
        self.wait_until(lambda: len(accepted) > count + 50, 30)
        stop.set()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive(), "a request hangs")
        for task in accepted:
            self.wait_until(lambda: state(nodes[0].task(task)) == "COMPLETED")
        self.wait_until(lambda: SERVER.sql(f"select count(*) from {self.schema}.tasks where state not in (3)") == "0")
        self.wait_until(lambda: not any(engine.waiting(self.schema) for engine in MIX))


class AtStart(unittest.TestCase):
    """Each gives one line that says what to do, and never the password."""

    def refused(self, expected, schema="odd", url=None):
        node = Node(schema, url=url or SERVER.url)
        try:
            said = node.output()
        finally:
            node.close()
        self.assertNotEqual(node.process.returncode, 0)
        lines = [line for line in said.splitlines() if line.startswith("a2akit: ")]
        self.assertEqual(len(lines), 1, said)
        self.assertIn(expected, lines[0])
        self.assertNotIn("hush", said)
        return lines[0]

    def tearDown(self):
        SERVER.sql("set client_min_messages = error; drop schema if exists odd cascade")

    def test_nobody_answers(self):
        port = postgres_server.free_port()
        self.refused("start the server or correct them", url=f"postgresql://someone:hush@127.0.0.1:{port}/x")

    def test_wrong_credentials(self):
        with postgres_server.PostgresServer(password="right") as guarded:
            self.refused("check user and password", url=guarded.url.replace(":right@", ":hush@"))

    def test_no_such_database(self):
        self.refused("create it or correct the URL", url=SERVER.url + "_hush")

    def test_a_schema_of_another_application(self):
        SERVER.sql("create schema odd; create table odd.orders (id int)")
        self.refused("belongs to another application")
        self.assertEqual(SERVER.sql("select count(*) from pg_tables where schemaname = 'odd'"), "1")

    def test_a_meta_table_of_another_application(self):
        SERVER.sql("create schema odd; create table odd.meta (application text, version int, cursor_key bytea); "
                   "insert into odd.meta values ('shop', 1, '')")
        self.refused("belongs to another application")

    def test_a_schema_that_a_newer_version_made(self):
        node = Node("odd").up()
        node.close()
        SERVER.sql("update odd.meta set version = 999")
        self.refused("made by a newer a2akit")
        self.assertEqual(SERVER.sql("select version from odd.meta"), "999")

    def test_a_read_only_server(self):
        SERVER.sql("alter role a2akit set default_transaction_read_only = on")
        try:
            self.refused("takes no writes")
        finally:
            SERVER.sql("set transaction_read_only = off; alter role a2akit reset default_transaction_read_only")

    def test_a_user_that_may_not_make_the_schema(self):
        SERVER.sql("create role guest login")
        try:
            self.refused("grant it CREATE", url=SERVER.url.replace("//a2akit@", "//guest@"))
        finally:
            SERVER.sql("drop role guest")

    def test_a_parameter_that_cannot_be(self):
        self.refused("schema: use a name", schema="a;drop")


def main():
    """Runs the tests of the program that was called."""
    global PROGRAM, MIX, SERVER
    PROGRAM, mix = sys.argv.pop(1), sys.argv.pop(1)
    MIX = engines.of(mix)
    SERVER = MIX[0].server
    for engine in MIX:
        engine.start()
    try:
        return 0 if unittest.main("__main__", exit=False, verbosity=2).result.wasSuccessful() else 1
    finally:
        for engine in MIX:
            engine.end()


def run_without_mix():
    """For test programs that start servers of their own."""
    global PROGRAM
    PROGRAM = sys.argv.pop(1)
    if reason := engines.Postgres.missing():
        return engines.skip(reason)
    return 0 if unittest.main("__main__", exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
