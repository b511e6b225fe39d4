#!/usr/bin/env python3
"""A PostgreSQL of the tests' own: Debian's binaries, a temporary directory, a free port of the loopback.

    with PostgresServer() as server: … server.url …

As a program it prints the URL and serves until its standard input ends. It is stopped by its process id and its
directory removed; no other server is touched. Without the binaries `binaries()` is None.
"""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

DATABASE = "a2akit_test"
USER = "a2akit"
FAST = ["fsync=off", "full_page_writes=off"]  # what is committed survives the server, though not the machine


def binaries():
    """The directory of initdb and postgres, or None."""
    for version in ("15", "16", "17"):
        folder = pathlib.Path("/usr/lib/postgresql") / version / "bin"
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return pathlib.Path(found).resolve().parent if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    """`settings`: lines of postgresql.conf; `durable`: with fsync, for tests that measure or kill."""

    def __init__(self, settings=(), durable=False, password=None, port=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="a2akit-postgres-"))
        self.settings = ([] if durable else FAST) + list(settings)
        self.password = password
        self.port = port or free_port()
        self.process = None
        # PostgreSQL refuses to run as root.
        self.account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    @property
    def url(self):
        secret = f":{self.password}" if self.password else ""
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/{DATABASE}"

    def __enter__(self):
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        self._initialise()
        self.start()
        self.sql(f"create database {DATABASE}", database="postgres")
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _options(self):
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": [], "cwd": self.folder}

    def _initialise(self):
        secret = self.folder / "secret"
        command = [binaries() / "initdb", "-D", self.folder / "data", "-U", USER, "-E", "UTF8", "--no-locale",
                   "--no-sync", "-A", "scram-sha-256" if self.password else "trust"]
        if self.password:
            secret.write_text(self.password)
            if self.account:
                os.chown(secret, self.account.pw_uid, self.account.pw_gid)
            command += ["--pwfile", secret]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._options())

    def start(self):
        """Serves; returns when it answers."""
        arguments = [f"-c{setting}" for setting in
                     [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}",
                      "max_connections=200", "logging_collector=off", *self.settings]]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([binaries() / "postgres", "-D", self.folder / "data", *arguments],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._options())
        deadline = time.monotonic() + 60
        while self._psql("select 1", "postgres").returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL does not start:\n" + self.log())
            time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """SIGINT: in order; SIGQUIT: at once, as if it had crashed."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def _psql(self, statement, database):
        environment = dict(os.environ, PGPASSWORD=self.password or "")
        return subprocess.run([binaries() / "psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(self.port),
                               "-U", USER, "-d", database, "-v", "ON_ERROR_STOP=1", "-c", statement],
                              capture_output=True, text=True, env=environment)

    def sql(self, statement, database=DATABASE):
        """Runs a statement and returns its rows as text."""
        done = self._psql(statement, database)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()


def main():
    if binaries() is None:
        print("PostgreSQL's server is not installed (Debian: postgresql-15)", file=sys.stderr)
        return 77
    durable = "--durable" in sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with PostgresServer(durable=durable) as server:
        print(server.url, flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
