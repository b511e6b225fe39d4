"""The cases of bench/run that keep their tasks in SQLite: beside a bare program that does the same writes, and with a
million tasks in the file."""
import json
import os
import signal
import socket
import sqlite3
import statistics
import struct
import subprocess
import time
from pathlib import Path

ECHO_BYTES = 300


def wal_commits(file):
    """How many transactions the write-ahead log holds: frames that say how large the database is after them."""
    data = Path(str(file) + "-wal").read_bytes()
    page, salts, commits, at = struct.unpack(">I", data[8:12])[0], data[16:24], 0, 32
    while at + 24 <= len(data) and data[at + 8:at + 16] == salts:
        commits += struct.unpack(">I", data[at + 4:at + 8])[0] != 0
        at += 24 + page
    return commits


class SqliteCases:
    SQLITE_CASES = ["sqlite_full", "sqlite_normal", "sqlite_commits", "sqlite_disk", "sqlite_erase", "sqlite_million"]

    # -- pieces ------------------------------------------------------------------------------------------------------
    def directory(self):
        made = self.work / f"data-{time.monotonic_ns()}"
        made.mkdir()
        return made

    def durable(self, directory, synchronous="full", **environment):
        return self.agent(A2AKIT_DATA_DIR=str(directory), A2AKIT_SQLITE_SYNCHRONOUS=synchronous,
                          A2AKIT_MAX_STORED_TASKS="0", **environment)

    def echo(self):
        return self.send("echo " + "x" * (ECHO_BYTES - 5))

    def bare_sqlite(self, synchronous, tasks):
        file = self.directory() / "bare.db"
        done = subprocess.run([str(self.programs / "bare_sqlite"), str(file), synchronous, str(int(tasks * self.scale))],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    @staticmethod
    def finish(server):
        """Stops a server in order, so that everything is in the file."""
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)

    # -- cases -------------------------------------------------------------------------------------------------------
    def throughput(self, synchronous, tasks):
        request, ours, bare, commits = self.echo(), [], [], []
        with self.durable(self.directory(), synchronous) as server:
            self.load(server, request, tasks // 4)
            for _ in range(self.rounds):
                ours.append(1e6 / self.load(server, request, tasks)["rps"])
                other = self.bare_sqlite(synchronous, tasks)
                bare.append(1e6 / other["tasks_per_second"])
                commits.append(other["median_commit_us"])
            # A ratio of 2 here is half of the bare program's tasks per second.
            self.report("sqlite_send_" + synchronous, "us/task", statistics.median(ours), statistics.median(bare), 2.0,
                        [a / b for a, b in zip(ours, bare)])
            if synchronous == "full":
                rate = 1e6 / statistics.median(ours) / 2
                p99 = statistics.median(self.load(server, request, tasks // 4, rate=int(rate))["p99_us"]
                                        for _ in range(self.rounds))
                self.report("sqlite_p99_at_half_load", "us / commit", p99, statistics.median(commits), 10.0)

    def sqlite_full(self):
        self.throughput("full", 8_000)

    def sqlite_normal(self):
        self.throughput("normal", 20_000)

    def sqlite_commits(self):
        """One client alone, so that no other task's writes share a commit."""
        directory, request, tasks = self.directory(), self.echo(), 50
        with self.durable(directory) as server:
            self.load(server, request, 1 / self.scale, connections=1)
            before = wal_commits(directory / "a2akit.db")
            self.load(server, request, tasks / self.scale, connections=1)
            self.report("sqlite_commits_per_echo_task", "commits", (wal_commits(directory / "a2akit.db") - before) / tasks,
                        0, 3.0)

    def filled(self, directory, tasks):
        """A file with so many finished echo tasks, their logs compacted; returns its path."""
        file = directory / "a2akit.db"
        with self.durable(directory, "normal", A2AKIT_COMPACT_AFTER="1") as server:
            self.load(server, self.echo(), tasks / self.scale)
            deadline = time.monotonic() + 120
            while self.uncompacted(file) > 0:
                if time.monotonic() > deadline:
                    raise SystemExit("bench: the logs were not compacted within two minutes")
                time.sleep(0.5)
            self.finish(server)
        return file

    @staticmethod
    def uncompacted(file):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as db:
            return db.execute("SELECT count(*) FROM tasks WHERE state >= 3 AND compacted = 0").fetchone()[0]

    def sqlite_disk(self):
        tasks = int(20_000 * self.scale)
        file = self.filled(self.directory(), tasks)
        with sqlite3.connect(file) as db:
            pages, free, size = (db.execute("PRAGMA " + name).fetchone()[0]
                                 for name in ("page_count", "freelist_count", "page_size"))
        self.report("sqlite_disk_per_echo_task", "KiB/task", (pages - free) * size / 1024 / tasks, 0, 2.5)

    def multiply(self, file, tasks):
        """Copies the tasks of the file within it until there are so many: each with an id, a context and a time of its
        own."""
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA synchronous = OFF")
            places = 1 << 24
            while (count := db.execute("SELECT count(*) FROM tasks").fetchone()[0]) < tasks:
                most = min(count, tasks - count)
                first, last = db.execute("SELECT min(id), max(id) FROM tasks").fetchone()
                step = last - first + 1
                names = [row[1] for row in db.execute("PRAGMA table_info(tasks)")]
                new = {"id": "id + :step", "task": "randomblob(16)", "context": "randomblob(16)",
                       "status_time": "status_time - abs(random() % 1000000)"}
                columns = ", ".join(new.get(name, name) for name in names)
                told = {"step": step, "places": places, "end": first + most}
                db.execute(f"INSERT INTO tasks SELECT {columns} FROM tasks WHERE id < :end", told)
                for table in ("log", "messages"):
                    db.execute(f"INSERT INTO {table} SELECT t.key + :step * :places, "
                               + ", ".join("t." + row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "key")
                               + f" FROM {table} t WHERE t.key < :end * :places", told)
                db.commit()
            db.execute("UPDATE counts SET tasks = (SELECT count(*) FROM tasks t WHERE t.owner = counts.owner "
                       "AND t.state = counts.state AND t.revealed)")
            db.commit()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @staticmethod
    def size_of(file):
        """How many tasks it counts, and its pages."""
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as db:
            return (db.execute("SELECT sum(tasks) FROM counts").fetchone()[0],
                    db.execute("PRAGMA page_count").fetchone()[0])

    def sqlite_erase(self):
        """Sends at half of the full load, before and while 200,000 old tasks are erased and their space is given back."""
        directory, request = self.directory(), self.echo()
        file = self.filled(directory, 20_000)
        self.multiply(file, int(200_000 * self.scale))
        _, full = self.size_of(file)
        quiet, busy = [], []
        with self.durable(directory, A2AKIT_RETAIN_AT_MOST="1000") as server:
            rate = int(self.load(server, request, 4_000 / self.scale)["rps"] / 2)
            deadline, began = time.monotonic() + 300, None
            while True:
                before, _ = self.size_of(file)
                figures = self.load(server, request, rate / self.scale, rate=rate)
                after, pages = self.size_of(file)
                if after > before and not busy:
                    quiet.append(figures)
                elif after < before:
                    began = began or time.monotonic()
                    busy.append(figures)
                else:
                    break
                if time.monotonic() > deadline:
                    raise SystemExit("bench: the tasks were not erased within five minutes")
            seconds = time.monotonic() - began
        middle = lambda runs: statistics.median(run["p99_us"] for run in runs)
        self.report("sqlite_p99_while_erasing", "us", middle(busy), middle(quiet), 3.0,
                    [run["p99_us"] / middle(quiet) for run in busy])
        self.report("sqlite_max_while_erasing", "ms", max(run["max_us"] for run in busy) / 1000, 0, 100.0)
        self.report("sqlite_erase_200k", "s", seconds, 0, 120.0)
        self.report("sqlite_pages_left_of_erased", "of before", pages / full, 0, 0.5)

    def reads(self, directory):
        """CPU per request of a get, a list by context and the newest page."""
        with sqlite3.connect(f"file:{directory / 'a2akit.db'}?mode=ro", uri=True) as db:
            task, context = db.execute("SELECT task, context FROM tasks ORDER BY id DESC LIMIT 1 OFFSET 500").fetchone()
        uuid = lambda b: "-".join((b.hex()[:8], b.hex()[8:12], b.hex()[12:16], b.hex()[16:20], b.hex()[20:]))
        requests = [self.request("GetTask", {"id": uuid(task)}),
                    self.request("ListTasks", {"contextId": uuid(context), "pageSize": 10}),
                    self.request("ListTasks", {"pageSize": 10})]
        with self.durable(directory) as server:
            figures = []
            for request in requests:
                self.load(server, request, 2_000)
                figures.append(statistics.median(self.load(server, request, 10_000)["cpu_us"]
                                                 for _ in range(self.rounds)))
            return figures

    def sqlite_million(self):
        directory = self.directory()
        file = self.filled(directory, 1_000)
        few = self.reads(directory)
        tasks = int(1_000_000 * self.scale)
        self.multiply(file, tasks)
        many = self.reads(directory)
        for name, a, b, reach in zip(("get", "list_by_context", "list_newest"), many, few, (1.5, 1.3, 1.3)):
            self.report(f"sqlite_{name}_{tasks}_vs_1000", "us CPU/request", a, b, reach)
        self.start_with_unfinished(directory)

    def start_with_unfinished(self, directory):
        wait = self.request("SendMessage", {**self.message("wait"), "configuration": {"returnImmediately": True}})
        with self.durable(directory) as server:
            self.load(server, wait, 1_000 / self.scale)
        request = Path(self.send("echo hello")).read_bytes().replace(b"@@@@@@@@", b"00000000")
        times = []
        for _ in range(max(3, self.rounds)):
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                port = s.getsockname()[1]
            environment = {**os.environ, "A2AKIT_LOG_LEVEL": "error", "A2AKIT_PORT": str(port),
                           "A2AKIT_DATA_DIR": str(directory), "A2AKIT_MAX_STORED_TASKS": "0"}
            begin = time.perf_counter()
            process = subprocess.Popen([str(self.programs / "bench_agent")], env=environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            while True:
                try:
                    connection = socket.create_connection(("127.0.0.1", port), timeout=1)
                    break
                except OSError:
                    if time.perf_counter() - begin > 30:
                        raise SystemExit("bench: the server did not start")
                    time.sleep(0.0005)
            with connection:
                connection.sendall(request)
                connection.recv(65536)
                times.append((time.perf_counter() - begin) * 1000)
            process.kill()
            process.wait()
        self.report("sqlite_start_with_1000_unfinished", "ms", statistics.median(times), 0, 200.0)
