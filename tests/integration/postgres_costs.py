#!/usr/bin/env python3
"""What requests may cost PostgreSQL and Redis: statements and commands are counted by the servers themselves.

usage: postgres_costs.py PROGRAM [unittest's arguments]
"""
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import many_nodes  # noqa: E402
import postgres_server  # noqa: E402
import redis_server  # noqa: E402
from backend_costs import PostgresCosts, RedisCosts  # noqa: E402

SERVER = None
CONNECTIONS = 4 + 2  # for requests; to listen and to notify


class Costs(unittest.TestCase):
    count = 0

    def setUp(self):
        Costs.count += 1
        self.schema = f"costs_{Costs.count}"
        self.nodes = []
        self.costs = PostgresCosts(SERVER)

    def tearDown(self):
        for node in self.nodes:
            node.close()

    def start(self, count, **settings):
        made = [many_nodes.Node(self.schema, url=SERVER.url, LEASE=15, **settings) for _ in range(count)]
        self.nodes += made
        return [node.up() for node in made]

    def count_statements_of_echoes(self, nodes, tasks=60, most=3):
        """One after the other, so that each statement is a round trip of its own; sent to the nodes in turn."""
        for node in nodes:
            node.send("hello")
        self.costs.reset()
        began = time.monotonic()
        for number in range(tasks):
            self.assertEqual(many_nodes.state(nodes[number % len(nodes)].send("hello")), "COMPLETED")
        counted = self.costs.of_requests()
        # Whatever there is to do, each node looks into the queue once a second.
        looks = len(nodes) * (time.monotonic() - began + 1)
        self.assertLessEqual(sum(counted.values()), most * tasks + looks, counted)
        self.assertGreaterEqual(sum(counted.values()), 3 * tasks, "the count misses some")

    def test_an_echo_task_takes_three_round_trips(self):
        self.count_statements_of_echoes(self.start(1))

    def test_it_takes_no_more_with_several_loops(self):
        self.count_statements_of_echoes(self.start(1, THREADS=3))

    def test_it_takes_no_more_with_several_nodes(self):
        self.count_statements_of_echoes(self.start(3))

    def test_with_redis_it_takes_six_commands_there_and_no_more_statements(self):
        tasks = 60
        with redis_server.RedisServer() as redis:
            here = {port: f"{redis.url}?prefix={self.schema}:" for port in ("BROKER", "EVENT_BUS", "CANCEL_REGISTRY")}
            nodes = self.start(1, **here)
            began = time.monotonic()
            with RedisCosts(redis) as commands:
                self.count_statements_of_echoes(nodes, tasks, most=4)
            # Every two thirds of a lease a node tells its slots.
            beats = 2 + int((time.monotonic() - began) / (2 / 3))
            for node in self.nodes:
                node.close()
        counted = commands.of_requests()
        # One echo goes before the statements are counted; a look into the queue may come back empty now and then.
        self.assertLessEqual(sum(counted.values()), 6 * (tasks + 1) + 6 + beats, counted)
        self.assertGreaterEqual(sum(counted.values()), 4 * tasks, "the count misses some")

    def test_a_long_queue_is_taken_many_at_a_time(self):
        full, = self.start(1, MAX_CONCURRENT_TASKS=1)
        blocked = full.send("wait", wait=False)["id"]
        self.wait_for_count(1, "state = 2")
        for _ in range(200):
            full.send("hello", wait=False)
        self.costs.reset()
        began = time.monotonic()
        self.start(1)
        self.wait_for_count(200, "state = 3")
        counted = self.costs.of_requests()
        received = sum(calls for text, calls in counted.items() if ".receive(" in text)
        # Eleven on an idle machine; a node that gets little of the processor finds its slots taken more often.
        self.assertLessEqual(received, 200 / 4 + 2 * (time.monotonic() - began + 1), counted)
        full.call("CancelTask", {"id": blocked})

    def wait_for_count(self, number, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while SERVER.sql(f"select count(*) from {self.schema}.tasks where {condition}") != str(number):
            self.assertLess(time.monotonic(), deadline, "it did not happen in time")
            time.sleep(0.02)

    def test_streams_take_no_connections(self):
        node, = self.start(1)
        tasks = [node.send("wait", wait=False)["id"] for _ in range(50)]
        streams = [node.subscribe(task) for task in tasks for _ in range(4)]
        for stream in streams:
            stream.wait_for(lambda events: events)
        self.assertLessEqual(self.connections(), CONNECTIONS)
        self.assertEqual(many_nodes.state(node.send("hello")), "COMPLETED")
        for task in tasks:
            node.call("CancelTask", {"id": task})
        for stream in streams:
            self.assertTrue(stream.ended.wait(20))

    @staticmethod
    def connections():
        counted = "select count(*) from pg_stat_activity where application_name = 'a2akit'"
        return int(SERVER.sql(counted))


def main():
    global SERVER
    many_nodes.PROGRAM = sys.argv.pop(1)
    if postgres_server.binaries() is None or redis_server.binary() is None:
        required = os.environ.get("CI") == "true"
        print("FAILED" if required else "SKIPPED", ": PostgreSQL or Redis is not installed (Debian: postgresql-15, redis-server)")
        return 1 if required else 77
    with postgres_server.PostgresServer(PostgresCosts.SETTINGS) as SERVER:
        return 0 if unittest.main(exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
