"""The cases of bench/run that keep their tasks in PostgreSQL, with and without Redis beside it, on one node and on two,
beside pgbench writing as many rows into the same server.

Nothing is pinned here: nodes, PostgreSQL, the load and pgbench share all cores. So the CPU time per task is told, too:
what the load takes, the nodes and the server are short of.
"""
import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
import postgres_server  # noqa: E402
import redis_server  # noqa: E402
from backend_costs import PostgresCosts, RedisCosts  # noqa: E402

CLIENTS = 32
TICK = os.sysconf("SC_CLK_TCK")
# The same for both sides. No checkpoint falls into one of them by chance.
SERVER_SETTINGS = ["synchronous_commit=on", "shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min",
                   "max_connections=300"]


def cpu_seconds(pid):
    """What a process, its children that live and those that ended have used."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended
        own = int(stat.parent.name)
        if own == pid:
            total += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / TICK


class ScalingCases:
    POSTGRES_CASES = ["postgres_send", "postgres_round_trips", "postgres_event_latency", "postgres_killed_node",
                      "postgres_idle_streams"]
    REDIS_CASES = ["redis_send", "redis_commands", "redis_event_latency"]

    # -- pieces ------------------------------------------------------------------------------------------------------
    def postgres(self, *settings):
        return postgres_server.PostgresServer(durable=True, settings=[*SERVER_SETTINGS, *settings])

    def nodes(self, stack, server, count, schema="a2akit", redis=None, **environment):
        """So many nodes on one schema, ended with the stack; with a Redis everything but the storage is there."""
        url = f"{server.url}?schema={schema}"
        ports = {"A2AKIT_STORAGE": url}
        for port in ("BROKER", "EVENT_BUS", "CANCEL_REGISTRY"):
            ports["A2AKIT_" + port] = f"{redis.url}?prefix={schema}:" if redis else url
        return [stack.enter_context(self.agent(cores=None, **ports, **environment)) for _ in range(count)]

    def measured(self, server, nodes, run):
        """What `run` returns, a dictionary, and the CPU time that the parts used meanwhile, in seconds."""
        def used():
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            return [children.ru_utime + children.ru_stime, sum(cpu_seconds(node.process.pid) for node in nodes),
                    cpu_seconds(server.process.pid)]
        before = used()
        result = run()
        result["cpu"] = dict(zip(("load", "nodes", "postgres"), (b - a for a, b in zip(before, used()))))
        return result

    def load_nodes(self, server, nodes, seconds):
        request = self.send("echo " + "x" * 295)
        rate = self.load(nodes, request, 500, CLIENTS, cores=None)["rps"]  # statements are prepared, plans made
        run = self.measured(server, nodes, lambda: self.load(nodes, request, rate * seconds, CLIENTS, cores=None))
        return {"rate": run["rps"], "p99_ms": run["p99_us"] / 1000, "cpu": run["cpu"], "tasks": run["requests"]}

    def pgbench(self, server, script, seconds):
        """Tasks a second, and the 99th percentile of a task's time."""
        log = self.work / f"pgbench-{time.monotonic_ns()}"
        command = [postgres_server.binaries() / "pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1",
                   "-T", str(max(1, round(seconds * self.scale))), "-f", HERE / "pgbench" / script, "-l",
                   "--log-prefix", log, "-h", "127.0.0.1", "-p", str(server.port), "-U", postgres_server.USER,
                   postgres_server.DATABASE]
        begin = time.monotonic()
        done = self.measured(server, [], lambda: vars(subprocess.run(command, capture_output=True, text=True)))
        if done["returncode"] != 0:
            raise SystemExit("bench: pgbench failed: " + done["stderr"])
        times = [int(line.split()[2]) for file in self.work.glob(log.name + ".*") for line in file.open()]
        seconds = time.monotonic() - begin
        return {"rate": len(times) / seconds, "p99_ms": statistics.quantiles(times, n=100)[-1] / 1000,
                "cpu": done["cpu"], "tasks": len(times)}

    def prepare_pgbench(self, server):
        server.sql((HERE / "pgbench" / "tables.sql").read_text())

    # -- cases -------------------------------------------------------------------------------------------------------
    def postgres_send(self):
        with self.postgres() as server:
            self.sends("postgres", server)

    def redis_send(self):
        with self.postgres() as server, redis_server.RedisServer() as redis:
            self.sends("redis", server, redis)

    def sends(self, mix, server, redis=None, seconds=4):
        runs = {}
        self.prepare_pgbench(server)
        for _ in range(self.rounds):
            for count in (1, 2):
                with ExitStack() as stack:
                    nodes = self.nodes(stack, server, count, f"nodes_{count}", redis)
                    runs.setdefault(f"{mix}_send_{count}_node", []).append(self.load_nodes(server, nodes, seconds))
            for script in ("task", "task_pipelined"):
                runs.setdefault(script, []).append(self.pgbench(server, script + ".sql", seconds))
        self.report_sends(runs)

    def report_sends(self, runs):
        baseline = runs.pop("task")
        for name, ours in runs.items():
            # The pipelined script is no aim: it shows what the baseline's own round trips cost it.
            reach = 0.6 if name != "task_pipelined" else None
            name = name if reach else "pgbench_one_round_trip_each"
            self.report_runs(name, "tasks/s", [r["rate"] for r in ours], [r["rate"] for r in baseline], reach,
                             lower_is_better=False)
            self.report_runs(name + "_p99", "ms", [r["p99_ms"] for r in ours], [r["p99_ms"] for r in baseline], None)
        for name, done in {"pgbench": baseline, **runs}.items():
            used = {part: statistics.median(r["cpu"][part] / r["tasks"] * 1e6 for r in done) for part in done[0]["cpu"]}
            self.remark(f"{name}: CPU us/task " + ", ".join(f"{part} {value:.0f}" for part, value in used.items()))

    def postgres_round_trips(self):
        with self.postgres(*PostgresCosts.SETTINGS) as server, ExitStack() as stack:
            node, = self.nodes(stack, server, 1)
            self.statements("postgres", server, node)

    def redis_commands(self):
        tasks = 100
        with self.postgres(*PostgresCosts.SETTINGS) as server, redis_server.RedisServer() as redis, ExitStack() as stack:
            node, = self.nodes(stack, server, 1, redis=redis)
            self.statements("redis", server, node)
            with RedisCosts(redis) as costs:
                self.load(node, self.echo(), tasks / self.scale, connections=1)
            counted = costs.of_requests()
        self.report("redis_commands_per_echo", "commands", sum(counted.values()) / tasks, 0, 6.0)

    def statements(self, mix, server, node, tasks=100):
        """One client alone, so that each statement is a round trip of its own."""
        costs, request = PostgresCosts(server), self.echo()
        self.load(node, request, 10 / self.scale, connections=1)
        costs.reset()
        self.load(node, request, tasks / self.scale, connections=1)
        self.report(f"{mix}_round_trips_per_echo", "statements", sum(costs.of_requests().values()) / tasks, 0, 4.0)

    def postgres_event_latency(self):
        with self.postgres() as server, ExitStack() as stack:
            self.event_latency("postgres", self.nodes(stack, server, 2), 8.0)

    def redis_event_latency(self):
        with self.postgres() as server, redis_server.RedisServer() as redis, ExitStack() as stack:
            self.event_latency("redis", self.nodes(stack, server, 2, redis=redis), 3.0)

    def event_latency(self, name, nodes, reach):
        """From the time that stands in a chunk to when a subscriber has read it: on another node than the task's, and
        on its own, which is the baseline."""
        there, here = [], []
        for _ in range(self.rounds):
            seen = self.stamps(nodes, int(100 * self.scale))
            there.append(statistics.median(ms for subscribed, ran, ms in seen if subscribed != ran))
            here.append(statistics.median(ms for subscribed, ran, ms in seen if subscribed == ran))
        self.report_runs(name + "_event_to_other_node", "ms", there, here, reach, of_ours=True)

    def stamps(self, nodes, count):
        """(process of the node subscribed to, process that ran the task, milliseconds) of each chunk."""
        task = self.call(nodes[0], "SendMessage", {**self.message(f"stamps {count}"),
                                                   "configuration": {"returnImmediately": True}})["task"]["id"]
        streams = [Subscription(node, task) for node in nodes]
        return [(stream.node.process.pid, *seen) for stream in streams for seen in stream.read()]

    def postgres_killed_node(self):
        with self.postgres() as server:
            self.killed_node("postgres", server, self.nodes)

    def killed_node(self, name, server, start, lease=2, tasks=8):
        """How long after kill -9 all tasks of a node run on another one."""
        times, wait = [], {**self.message("wait"), "configuration": {"returnImmediately": True}}
        for number in range(self.rounds):
            how = {"schema": f"killed_{number}", "A2AKIT_LEASE": str(lease)}
            with ExitStack() as stack:
                first, = start(stack, server, 1, **how)
                for _ in range(tasks):
                    self.call(first, "SendMessage", wait)
                self.until_running(server, tasks, how["schema"])
                start(stack, server, 1, **how)
                first.process.kill()
                begin = time.monotonic()
                self.until_running(server, tasks, how["schema"], attempts=2)
                times.append(time.monotonic() - begin)
        self.report_runs(f"{name}_killed_node_lease_{lease}s", "s", times, [0], lease + 1.0)

    @staticmethod
    def until_running(server, tasks, schema="a2akit", attempts=1):
        """Until so many tasks run for the `attempts`th time."""
        running = f"select count(*) from {schema}.tasks where state = 2 and attempts = {attempts}"
        deadline = time.monotonic() + 60
        while int(server.sql(running)) < tasks:
            if time.monotonic() > deadline:
                raise SystemExit("bench: the tasks did not run within a minute")

    def postgres_idle_streams(self):
        with self.postgres() as server, ExitStack() as stack:
            node, = self.nodes(stack, server, 1)
            self.streams_beside_sends("postgres", server, node)

    def streams_beside_sends(self, name, server, node, count=5_000, seconds=3):
        """Each stream's task is running: its lease is renewed, and its log's end looked at."""
        count_connections = "select count(*) from pg_stat_activity where application_name = 'a2akit'"
        before = [self.load_nodes(server, [node], seconds)["rate"] for _ in range(self.rounds)]
        holder = subprocess.Popen([str(self.programs / "bench_load"), str(node.port), str(self.stream("wait")), "--open",
                                   str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            holder.stdout.readline()
            self.until_running(server, count)
            connections = int(server.sql(count_connections))
            meanwhile = [self.load_nodes(server, [node], seconds)["rate"] for _ in range(self.rounds)]
        finally:
            holder.stdin.close()
            holder.wait()
        self.report(f"{name}_connections_of_{count}_streams", "connections", connections, 0, 8)
        self.report_runs(f"{name}_send_beside_{count}_streams", "tasks/s", meanwhile, before, 0.9, lower_is_better=False)


class Subscription:
    """A stream of a task of stamps, read by a thread of its own so that each chunk's time is its own."""

    def __init__(self, node, task):
        self.node, self.seen = node, []
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": task}})
        self.connection.request("POST", "/", body, {"Content-Type": "application/json", "A2A-Version": "1.0",
                                                    "Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        for line in self.answer:
            now = time.time_ns()
            if line.startswith(b"data:"):
                self.seen.append((now, line))

    def read(self):
        """(process that ran the task, milliseconds) of each chunk."""
        self.thread.join()
        self.connection.close()
        for now, line in self.seen:
            update = json.loads(line[5:])["result"].get("artifactUpdate")
            if update:
                pid, stamp = update["artifact"]["parts"][0]["text"].split()
                yield int(pid), now / 1e6 - int(stamp) / 1e3
