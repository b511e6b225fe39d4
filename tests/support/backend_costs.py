"""What requests cost the servers behind them, as those servers count it."""
import subprocess
import threading

# Goes on without any request, or after its answer: leases, beats, sweeps, looks for lost wake-ups, notifications.
BACKGROUND = ("renew_runs", "release_task", "pg_notify", "due_tasks", "compact_ended", "erase_ended", "engine_time",
              ".nodes", "listen ", "select $1", ".queue q set due_at", "with ordinality i(id, n) left join")


class PostgresCosts:
    """Counts the statements of a PostgresServer that was started with SETTINGS."""
    SETTINGS = ("shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track=top",
                "pg_stat_statements.track_utility=off")

    def __init__(self, server):
        self.server = server
        server.sql("create extension if not exists pg_stat_statements")

    def reset(self):
        self.server.sql("select pg_stat_statements_reset()")

    def of_requests(self):
        """How often each statement was run since `reset` for a request."""
        rows = self.server.sql("select calls, replace(query, chr(10), ' ') from pg_stat_statements")
        counted = dict(reversed(line.split("|", 1)) for line in rows.splitlines())
        return {text: int(calls) for text, calls in counted.items()
                if "pg_stat_statements" not in text and not any(part in text for part in BACKGROUND)}


class RedisCosts:
    """Counts the commands that a RedisServer is sent, from `with` to its end; what its scripts call is not sent."""
    BACKGROUND = {"AUTH", "CLIENT", "ECHO", "HELLO", "INFO", "PING", "SCRIPT", "SELECT", "SUBSCRIBE", "TIME",
                  "XAUTOCLAIM", "XPENDING"}

    def __init__(self, server):
        self.server = server
        self.counted = {}

    def __enter__(self):
        self.monitor = subprocess.Popen(["redis-cli", "-p", str(self.server.port), "MONITOR"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        self.monitor.stdout.readline()  # OK: from here on it sees all
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()
        return self

    def _read(self):
        for line in self.monitor.stdout:
            # 1700000000.123456 [0 127.0.0.1:40000] "PUBLISH" "…"
            address, _, words = line.partition("] ")
            command = words.split('"')[1].upper() if '"' in words else ""
            if command == "ECHO" and "monitored" in words:
                self.ended.set()
            if command and command not in self.BACKGROUND and not address.endswith(" lua"):
                self.counted[command] = self.counted.get(command, 0) + 1

    def __exit__(self, *_):
        self.server.command("ECHO", "monitored")  # the monitor sees commands in their order: this one is the last
        seen = self.ended.wait(10)
        self.monitor.kill()
        self.thread.join()
        self.monitor.wait()
        if not seen:
            raise RuntimeError("Redis's monitor did not see the last command")

    def of_requests(self):
        """How often each command was sent; to be asked after the block."""
        return self.counted
