#!/usr/bin/env python3
"""Several server processes on shared engines: whatever is done on one node is known on all others, whichever of them dies,
stands still or is busy.

usage: work_across_nodes.py PROGRAM MIX [unittest's arguments]
"""
import json
import os
import re
import resource
import selectors
import signal
import socket
import sys
import tempfile
import time

import many_nodes
import postgres_server
from many_nodes import state, text_of

KEY = "5e" * 32
SECRET = "hush-4f1c9e"


class Streams:
    """Many subscriptions of one node, in one thread."""

    def __init__(self, node, tasks, count):
        self.selector = selectors.DefaultSelector()
        self.read = {}
        for i in range(count):
            one = socket.create_connection(("127.0.0.1", node.port))
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": tasks[i % len(tasks)]}})
            one.sendall(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n"
                        f"A2A-Version: 1.0\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)
            self.read[one] = b""

    def until_all(self, condition, seconds=60):
        """Reads until the condition holds for what each has got."""
        deadline = time.monotonic() + seconds
        missing = {one for one, data in self.read.items() if not condition(data)}
        while missing:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(missing)} of {len(self.read)} streams did not get it: "
                                     f"{self.read[missing.pop()][-300:]}")
            for key, _ in self.selector.select(1):
                data = key.fileobj.recv(65536)
                self.read[key.fileobj] += data
                if not data:
                    self.selector.unregister(key.fileobj)
                if condition(self.read[key.fileobj]):
                    missing.discard(key.fileobj)

    def close(self):
        for one in self.read:
            one.close()
        self.selector.close()


class AcrossNodes(many_nodes.NodesCase):
    def full_and_other(self, *nodes):
        """A node whose only handler waits, and one that is idle."""
        blocked = nodes[0].send("wait", wait=False)["id"]
        full = self.of_process(self.running(nodes[0], blocked))
        return full, next(node for node in nodes if node is not full)

    def signed(self, node, task):
        """The processes that wrote, in the order of the log, one entry per stretch; and all that was written."""
        stream = node.subscribe(task, after=0)
        self.assertTrue(stream.ended.wait(30))
        self.assertEqual(stream.numbers(), list(range(1, len(stream.numbers()) + 1)))
        writers, written = [], []
        for _, event in stream.events:
            for process, number in re.findall(r"(\d+):(\d+) ", text_of({"artifacts": [event["artifactUpdate"]["artifact"]]})
                                              if "artifactUpdate" in event else ""):
                written.append((int(process), int(number)))
                if not writers or writers[-1] != int(process):
                    writers.append(int(process))
        return writers, written

    def until_signed(self, node, task, by_other_than=None):
        """The process that writes now."""
        def writer():
            found = re.findall(r"(\d+):\d+ ", text_of(node.task(task)))
            return int(found[-1]) if found and int(found[-1]) != by_other_than else None
        self.wait_until(lambda: writer() is not None)
        return writer()

    def test_one_caller_leaves_slots_of_every_node_to_the_others(self):
        with tempfile.NamedTemporaryFile("w", suffix=".keys") as keys:
            keys.write("".join(f"{name} a-key-of-{name}\n" for name in ("alice", "bob")))
            keys.flush()
            nodes = self.start(2, MAX_CONCURRENT_TASKS=4, API_KEYS_FILE=keys.name)
        alice, bob = ({"X-API-Key": f"a-key-of-{name}"} for name in ("alice", "bob"))
        # Each node gets to know bob.
        for node in nodes:
            self.wait_until(lambda: text_of(node.send("hello", headers=bob)).endswith(f" by {node.process.pid}"))
        tasks = [nodes[i % 2].send("wait", wait=False, headers=alice)["id"] for i in range(20)]

        def working():
            listed = nodes[0].call("ListTasks", {"status": "TASK_STATE_WORKING"}, headers=alice)
            return len(listed["tasks"])
        self.wait_until(lambda: working() == 6)
        for node in nodes:
            self.assertEqual(state(node.send("hello", headers=bob)), "COMPLETED")
        self.assertEqual(working(), 6, "three quarters of the slots of both nodes")
        for task in tasks:
            nodes[0].call("CancelTask", {"id": task}, headers=alice)
        self.assertEqual(state(nodes[1].send("hello", headers=alice)), "COMPLETED")

    def test_a_direct_reply_comes_from_another_node(self):
        nodes = self.start(2, MAX_CONCURRENT_TASKS=1, REPLIES=1)
        full, other = self.full_and_other(*nodes)
        message = {"messageId": "direct", "role": "ROLE_USER", "parts": [{"text": "reply"}]}
        reply = full.call("SendMessage", {"message": message})["message"]
        self.assertEqual(reply["parts"][0]["text"], f"a reply by {other.process.pid}")

    def test_a_sealed_context_is_opened_on_another_node_and_is_nowhere_to_be_read(self):
        nodes = self.start(2, MAX_CONCURRENT_TASKS=1, CONTEXT_KEY=KEY)
        full, _ = self.full_and_other(*nodes)
        self.assertEqual(text_of(full.send("secret", headers={"X-Secret": SECRET})), SECRET)
        # It is in the answer, which the database holds; in a turn that is not over it must not be.
        third, = self.start(1, MAX_CONCURRENT_TASKS=1, CONTEXT_KEY=KEY)
        for node in (*nodes, third):
            node.send("wait", wait=False, headers={"X-Secret": "mute-" + SECRET})
        rows = many_nodes.SERVER.sql(f"select t::text from {self.schema}.tasks t; select w::text from {self.schema}.writes w; "
                                     f"select q::text from {self.schema}.queue q")
        self.assertNotIn(("mute-" + SECRET).encode().hex(), rows)
        self.assertIn(SECRET.encode().hex(), rows, "the answer; else this would show nothing")

    def test_without_a_key_a_context_stays_on_the_node_that_took_it(self):
        nodes = self.start(2, MAX_CONCURRENT_TASKS=1)
        full, _ = self.full_and_other(*nodes)
        self.assertEqual(text_of(full.send("secret", headers={"X-Secret": SECRET})), "")

    def test_an_answer_that_races_the_end_of_the_run_that_asked_is_worked_on_at_once(self):
        one, two, three = self.start(3)
        waits = []
        for stay in [0, 1, 2, 3, 5, 8, 10, 15, 20, 30, 300]:
            paused = one.send(f"ask {stay}")
            self.assertEqual(state(paused), "INPUT_REQUIRED")
            began = time.monotonic()
            done = two.send("this one", task=paused["id"])
            waits.append(time.monotonic() - began)
            self.assertEqual(state(done), "COMPLETED")
            texts = [part["text"] for m in three.task(paused["id"])["history"] for part in m["parts"]]
            self.assertEqual([t for t in texts if t == "this one"], ["this one"])
        self.assertLess(sorted(waits)[len(waits) // 2], 0.5, "the release finds it, not a sweep")

    def test_an_answer_to_a_run_whose_node_dies_before_its_end_is_worked_on(self):
        nodes = self.start(3, LEASE=1)
        paused = nodes[0].send("ask 60000")
        owner = self.of_process(int(paused["status"]["message"]["parts"][0]["text"].split()[-1]))
        alive = [node for node in nodes if node is not owner]
        sent = alive[0].send("this one", task=paused["id"], wait=False)
        self.assertNotEqual(state(sent), "COMPLETED")
        owner.kill()
        self.wait_until(lambda: state(alive[1].task(paused["id"])) == "COMPLETED")

    def test_a_process_that_stood_still_while_its_run_was_taken_over_writes_nothing_more(self):
        nodes = self.start(3, LEASE=1)
        task = nodes[0].send("sign 60", wait=False)["id"]
        stopped = self.of_process(self.until_signed(nodes[0], task))
        alive = [node for node in nodes if node is not stopped]
        os.kill(stopped.process.pid, signal.SIGSTOP)
        try:
            other = self.until_signed(alive[0], task, by_other_than=stopped.process.pid)
        finally:
            os.kill(stopped.process.pid, signal.SIGCONT)
        writers, written = self.signed(alive[1], task)
        self.assertEqual(writers, [stopped.process.pid, other])
        self.assertEqual([n for process, n in written if process == other], list(range(1, 61)))
        self.assertLess(len([1 for process, _ in written if process == stopped.process.pid]), 60)
        self.assertEqual(state(stopped.send("hello")), "COMPLETED")

    def test_the_tasks_of_other_nodes_notice_nothing_when_a_node_dies(self):
        nodes = self.start(3, LEASE=4)
        tasks = [nodes[i % 3].send("sign 50", wait=False)["id"] for i in range(9)]
        owners = {task: self.until_signed(nodes[0], task) for task in tasks}
        dead = self.of_process(owners[tasks[0]])
        dead.kill()
        alive = [node for node in nodes if node is not dead]
        for task in tasks:
            writers, written = self.signed(alive[0], task)
            if owners[task] == dead.process.pid:
                self.assertEqual(len(writers), 2)
            else:
                self.assertEqual(written, [(owners[task], i) for i in range(1, 51)])

    def test_hundreds_of_handlers_that_write_all_the_time_keep_their_leases(self):
        # Renewals and writes touch the same rows: whichever waited for the other in the wrong order would lose.
        one, two = self.start(2, LEASE=9)
        deadlocks = f"select deadlocks from pg_stat_database where datname = '{postgres_server.DATABASE}'"
        before = int(many_nodes.SERVER.sql(deadlocks))
        for i in range(300):
            (one, two)[i % 2].send("sign 50 250", wait=False)
        self.wait_until(lambda: many_nodes.SERVER.sql(f"select count(*) from {self.schema}.tasks where state <> 3") == "0", 60)
        self.assertEqual(many_nodes.SERVER.sql(f"select count(*) from {self.schema}.tasks where attempts > 1"), "0")
        self.assertEqual(int(many_nodes.SERVER.sql(deadlocks)), before)

    def test_thousands_of_streams_cost_no_connections_and_slow_down_no_sends(self):
        count = int(os.environ.get("STREAMS", 5000))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        one, two = self.start(2, HEARTBEAT=60)
        tasks = [two.send("wait", wait=False)["id"] for _ in range(20)]
        for task in tasks:
            self.running(two, task)
        before = self.median_send(one)
        streams = Streams(one, tasks, count)
        self.addCleanup(streams.close)
        streams.until_all(lambda data: b"TASK_STATE_WORKING" in data)
        connections = many_nodes.SERVER.sql("select count(*) from pg_stat_activity where backend_type = 'client backend' "
                                            "and pid <> pg_backend_pid()")
        self.assertLessEqual(int(connections), 2 * (3 + 2), "three to work with, two to listen and to notify, per node")
        self.assertLess(self.median_send(one), 2 * before + 0.02)
        for task in tasks:
            two.call("CancelTask", {"id": task})
        streams.until_all(lambda data: b"TASK_STATE_CANCELED" in data)

    def median_send(self, node):
        times = []
        for _ in range(41):
            began = time.monotonic()
            node.send("hello")
            times.append(time.monotonic() - began)
        return sorted(times)[len(times) // 2]


if __name__ == "__main__":
    sys.exit(many_nodes.main())
