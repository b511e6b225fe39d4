"""The servers that nodes share, one class for each engine: how a node is told of it, and how it is restarted.

A mix is a list of engines: the first holds the tasks, each further one takes its ports from those before it.
"""
import os
import signal
import sys

import postgres_server
import redis_server


class Postgres:
    PORTS = ["STORAGE", "BROKER", "EVENT_BUS", "CANCEL_REGISTRY"]

    def __init__(self):
        self.server = postgres_server.PostgresServer()
        self.port = self.server.port
        self.restarts = 0

    @staticmethod
    def missing():
        return None if postgres_server.binaries() else "no PostgreSQL server is installed (Debian: postgresql-15)"

    def start(self):
        self.server.__enter__()

    def environment(self, name, port=None):
        """`name`: whoever uses the same one shares everything; `port`: of a proxy before the engine."""
        url = self.server.url.replace(f":{self.port}/", f":{port or self.port}/")
        return {f"A2AKIT_{port}": f"{url}?schema={name}&connections=3" for port in self.PORTS}

    def restart(self, rng):
        """In order, or as if it had crashed."""
        self.server.restart(rng.choice([signal.SIGINT, signal.SIGQUIT]))
        self.restarts += 1

    def waiting(self, name):
        """How many entries are in its queue."""
        return int(self.server.sql(f"select count(*) from {name}.queue"))

    def end(self):
        self.server.__exit__(None, None, None)


class Redis:
    PORTS = ["BROKER", "EVENT_BUS", "CANCEL_REGISTRY"]

    def __init__(self):
        self.server = redis_server.RedisServer()
        self.port = self.server.port
        self.restarts = 0

    @staticmethod
    def missing():
        return None if redis_server.binary() else "no Redis server is installed (Debian: redis-server)"

    def start(self):
        self.server.__enter__()

    def environment(self, name, port=None):
        url = f"redis://127.0.0.1:{port or self.port}/0?prefix={name}:"
        return {f"A2AKIT_{one}": url for one in self.PORTS}

    def restart(self, _):
        """Empty: it keeps nothing."""
        self.server.restart()
        self.restarts += 1

    def waiting(self, name):
        """How many entries are in its queue, and how many are to come into it later."""
        command, queue = self.server.command, f"{name}:{{broker}}"
        return int(command("XLEN", queue)) + int(command("ZCARD", f"{queue}:delayed"))

    def end(self):
        self.server.__exit__(None, None, None)


MIXES = {"postgres": [Postgres], "postgres+redis": [Postgres, Redis]}


def skip(reason):
    """The exit status of a test without its servers: in CI that is a failure."""
    required = os.environ.get("CI") == "true"
    print(f"{'FAILED' if required else 'SKIPPED'}: {reason}", flush=True)
    return 1 if required else 77


def of(mix):
    """The engines of a mix, not started. Ends the program when one is not installed."""
    for engine in MIXES[mix]:
        if reason := engine.missing():
            sys.exit(skip(reason))
    return [engine() for engine in MIXES[mix]]
