#!/usr/bin/env python3
"""How nodes behave towards their PostgreSQL: what they send, how many connections they take, what they tell of it.

usage: postgres_manners.py PROGRAM [unittest's arguments]
"""
import collections
import re
import signal
import socket
import struct
import sys
import threading
import time
import unittest

import many_nodes
from many_nodes import Node, postgres_server, state
from postgres_weather import Together, Weather, message


class Manners(Weather):
    def test_the_pool_is_bounded_whatever_is_asked_at_once(self):
        node, = self.start()
        tasks = [node.send("wait", wait=False)["id"] for _ in range(5)]
        streams = [node.subscribe(task) for task in tasks for _ in range(40)]
        sends = Together(node, [(str(i), "POST", "/message:send", {"message": message("hi")}, False) for i in range(100)])
        most = 0
        while any(thread.is_alive() for thread in sends.threads):
            most = max(most, len(self.backends()))
        self.assertEqual([answer.status for _, answer in sends.answers], [200] * 100)
        self.assertEqual(most, 3 + 2, "those of the URL, one to listen and one to notify")
        for task in tasks:
            node.call("CancelTask", {"id": task})
        for stream in streams:
            self.assertTrue(stream.ended.wait(10))

    def test_a_node_is_known_by_its_heartbeat_and_forgotten_when_that_stops(self):
        one, two, three = self.start(3)

        def alive():
            return self.server.sql(f"select count(*) from {self.schema}.nodes where deadline > now()")

        self.wait_until(lambda: alive() == "3")
        one.close()
        self.wait_until(lambda: alive() == "2", 2, "the leave")
        two.process.send_signal(signal.SIGSTOP)
        self.wait_until(lambda: alive() == "1", 10, "the deadline")
        two.process.send_signal(signal.SIGCONT)
        self.wait_until(lambda: alive() == "2", 5, "the next beat")
        two.kill()
        self.wait_until(lambda: self.server.sql(f"select count(*) from {self.schema}.nodes") == "1", 12, "the tidying")

    def test_nodes_that_start_together_make_the_schema_once(self):
        nodes = self.start(6, LOG_LEVEL="info")
        made = [line for node in nodes for line in node.lines if "schema_version=8 was=0" in line]
        self.assertEqual(len(made), 1)

    def test_a_node_waits_for_the_one_that_makes_the_schema(self):
        with self.somebody_in(f"select pg_advisory_xact_lock(hashtext('a2akit.{self.schema}'))"):
            node = Node(self.schema, url=self.server.url)
            self.nodes.append(node)
            self.wait_until(lambda: self.server.sql("select count(*) from pg_locks where not granted") == "1")
            self.assertIsNone(node.port)
        node.up()


class Logged(Weather):
    """The server tells of every statement and the transaction that it is in."""
    settings = ("log_statement=all", "log_line_prefix=<%v> ", "log_min_messages=warning")

    def transactions(self):
        found = collections.defaultdict(list)
        for transaction, what in re.findall(r"^<(\S+)> LOG:  (?:execute |statement: )(\w+)", self.server.log(),
                                            re.M):
            found[transaction].append(what)
        return found

    def statements_per_second(self, seconds):
        before, began = len(re.findall("LOG:  execute", self.server.log())), time.monotonic()
        time.sleep(seconds)
        return (len(re.findall("LOG:  execute", self.server.log())) - before) / (time.monotonic() - began)

    def test_an_idle_node_asks_a_few_times_a_second_and_no_more(self):
        self.start(3, THREADS=2)
        self.wait_until(lambda: self.server.sql(f"select count(*) from {self.schema}.nodes") == "3")
        # Of each node: two sweeps, a look into the queue, half a heartbeat, half a check of quiet connections.
        self.assertLess(self.statements_per_second(8), 3 * 5)

    def test_a_node_that_is_full_of_streams_asks_no_more_often(self):
        node, = self.start()
        tasks = [node.send("wait", wait=False)["id"] for _ in range(20)]
        streams = [node.subscribe(task) for task in tasks for _ in range(10)]
        for stream in streams:
            stream.wait_for(lambda events: events)
        self.assertLess(self.statements_per_second(5), 5 + 1 + 3, "a tail check more, and three renewals of leases")
        for task in tasks:
            node.call("CancelTask", {"id": task})

    def test_an_append_is_one_transaction_of_one_statement_and_never_notifies(self):
        one, two = self.start(2)
        watched = two.send("count 10", wait=False)["id"]
        stream = one.subscribe(watched)
        self.assertTrue(stream.ended.wait(20))
        for _ in range(20):
            self.assertEqual(state(one.send("hi")), "COMPLETED")
        bodies = self.server.sql("select string_agg(prosrc, '') from pg_proc where pronamespace = "
                                 f"'{self.schema}'::regnamespace")
        self.assertNotIn("notify", bodies)
        found = self.transactions().values()
        writes = [t for t in found if {f"a2akit_{name}" for name in ("create", "append", "claim", "receive")} & set(t)]
        self.assertGreater(sum(t.count("a2akit_append") for t in writes), 30)
        for transaction in writes:
            self.assertNotIn("a2akit_notify", transaction)
            self.assertFalse({"begin", "commit"} & {what.lower() for what in transaction}, transaction)
        self.assertTrue(any("a2akit_notify" in t for t in found), "the other node is told, in transactions of their own")


class Secrets(unittest.TestCase):
    """Passwords, as they are and as the URL has them, are in nothing that a node says, however it fails."""
    PASSWORD = "hush/hush:hush@hush#1"
    ENCODED = "hush%2Fhush%3Ahush%40hush%231"

    def silent(self, said):
        for secret in ("hush", "%2F", "%40"):
            self.assertNotIn(secret, said)

    def test_a_password_is_never_said(self):
        with postgres_server.PostgresServer(password=self.PASSWORD) as server:
            where = f"127.0.0.1:{server.port}/{postgres_server.DATABASE}"
            user = postgres_server.USER
            for url in (f"postgresql://{user}:{self.ENCODED}@{where}",
                        f"postgresql://{where}?user={user}&password={self.ENCODED}"):
                node = Node("secrets", url=url, LOG_LEVEL="trace").up()
                node.send("hi")
                server.stop(signal.SIGQUIT)
                try:
                    said = node.get("/health/ready")[1].decode() + str(node.rpc("ListTasks", {})[1])
                finally:
                    server.start()
                node.close()
                lines = "".join(node.lines)
                self.assertIn("storage=postgresql://127.0.0.1", lines)
                self.assertIn("connection=lost", lines)
                self.silent(lines + said)

    def test_a_url_that_is_wrong_is_not_repeated(self):
        port = postgres_server.free_port()
        for url in (f"postgresql://me:{self.PASSWORD}@127.0.0.1:{port}/x", f"postgresql://me:{self.ENCODED}@127.0.0.1:{port}/x",
                    f"postgresql://me:{self.ENCODED}@127.0.0.1:x/x", f"postgresql://me:hush%zz@127.0.0.1:{port}/x",
                    f"postgresql://127.0.0.1:{port}/x?pasword={self.ENCODED}", f"me:{self.ENCODED}@127.0.0.1/x",
                    "host=127.0.0.1 password=hush:hush", "password=hush host=127.0.0.1",
                    f"postgres+tls://me:{self.ENCODED}@127.0.0.1/x"):
            node = Node("secrets", url=url, LOG_LEVEL="trace")
            said = node.output()
            node.close()
            self.assertEqual(node.process.returncode, 1, said)
            self.assertIn("a2akit: ", said)
            self.silent(said)


def say(client, kind, body):
    client.sendall(kind + struct.pack("!i", len(body) + 4) + body)


def greet(client, version):
    """What PostgreSQL says to a client that needs no password."""
    while True:
        size, code = struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))
        if code not in (80877103, 80877104):  # neither TLS nor GSS is asked for
            break
        client.sendall(b"N")
    client.recv(size - 8, socket.MSG_WAITALL)
    say(client, b"R", struct.pack("!i", 0))
    for name, value in (("server_version", version), ("in_hot_standby", "off"), ("default_transaction_read_only", "off"),
                        ("client_encoding", "UTF8")):
        say(client, b"S", f"{name}\0{value}\0".encode())
    say(client, b"Z", b"I")


def answer_queries(client, answers):
    """One row of one text for each simple query: what stands behind the part of it that is among the answers."""
    while (kind := client.recv(1)) == b"Q":
        size, = struct.unpack("!i", client.recv(4, socket.MSG_WAITALL))
        query = client.recv(size - 4, socket.MSG_WAITALL).decode()
        text = next((answer for part, answer in answers.items() if part in query), "").encode()
        say(client, b"T", struct.pack("!h", 1) + b"x\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0))
        say(client, b"D", struct.pack("!hi", 1, len(text)) + text)
        say(client, b"C", b"SELECT 1\0")
        say(client, b"Z", b"I")
    return kind


class NoFriend(unittest.TestCase):
    """What is not the PostgreSQL that is needed."""

    def refused(self, serve, parameters=""):
        def accept():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(client,), daemon=True).start()

        def talk(client):
            with client:
                serve(client)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=accept, daemon=True).start()
            node = Node("none", url=f"postgresql://me@127.0.0.1:{listener.getsockname()[1]}/x{parameters}")
            said = node.output()
            node.close()
        self.assertEqual(node.process.returncode, 1)
        lines = [line for line in said.splitlines() if line.startswith("a2akit: ")]
        self.assertEqual(len(lines), 1, said)
        return lines[0]

    def test_an_old_one(self):
        def serve(client):
            greet(client, "14.9")
            client.recv(1)
        self.assertIn("PostgreSQL 15 or later is needed; this server is version 14", self.refused(serve))

    def test_a_pooler_that_gives_one_session_to_several_clients(self):
        def serve(client):
            greet(client, "15.4")
            answer_queries(client, {"pg_is_in_recovery": "false", "pg_backend_pid": "42"})
        self.assertIn("set its pool_mode = session", self.refused(serve))

    def test_a_pooler_that_takes_no_options(self):
        def serve(client):
            client.recv(8)
            client.sendall(b"N")
            client.recv(1000)
            say(client, b"E", b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0")
        self.assertIn("set ignore_startup_parameters = options", self.refused(serve, "?gssencmode=disable"))

    def test_something_else(self):
        def serve(client):
            client.recv(100)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assertIn("is not PostgreSQL", self.refused(serve, "?sslmode=disable&gssencmode=disable"))

    def test_a_host_that_keeps_silent(self):
        def serve(client):
            while client.recv(1000):
                pass
        self.assertIn("does not answer; check host, port and firewall", self.refused(serve))


if __name__ == "__main__":
    sys.exit(many_nodes.run_without_mix())
