#!/usr/bin/env python3
"""A Redis of the tests' own: Debian's binary, a temporary directory, a free port of the loopback.

    with RedisServer() as server: … server.url … server.command("INFO") …

As a program it prints the URL and serves until its standard input ends; a line "restart", "stop", "start", "pause" or "resume" there does
as it says, and "ok" is printed when it is done. Its arguments are options of redis-server (`--maxmemory 10mb`), and
`--tls`. A restarted server is empty. It is stopped by its process id and its directory removed; no other server is
touched. Without the binary `binary()` is None.
"""
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def binary():
    return shutil.which("redis-server")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(folder):
    """A CA, and what it signed for the host 127.0.0.1 (server) and for a client; PEM files in `folder`."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a2akit test CA",
            "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    (folder / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
                f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")


class RedisServer:
    """`options`: of redis-server, as on its command line."""

    def __init__(self, options=(), tls=False, port=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="a2akit-redis-"))
        self.options = list(options)
        self.tls = tls
        self.port = port or free_port()
        self.process = None

    @property
    def url(self):
        if self.tls:
            return f"rediss://127.0.0.1:{self.port}/0?cafile={self.folder}/ca.pem"
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self):
        if self.tls:
            make_certificates(self.folder)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Serves; returns when it answers."""
        arguments = ["--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", "--appendonly", "no"]
        if self.tls:
            arguments += ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
            for option, file in (("cert", "server.pem"), ("key", "server.key"), ("ca-cert", "ca.pem")):
                arguments += [f"--tls-{option}-file", str(self.folder / file)]
        else:
            arguments += ["--port", str(self.port)]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([binary(), *arguments, *self.options], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        deadline = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Redis does not start:\n" + self.log())
            time.sleep(0.02)

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def stop(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None

    def restart(self, how=signal.SIGKILL):
        self.stop(how)
        self.start()

    def pause(self):
        """From now on connections are accepted, by the kernel, and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def command(self, *words):
        """Runs one command without credentials and returns redis-cli's text."""
        done = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()


def main():
    if binary() is None:
        print("redis-server is not installed (Debian: redis-server)", file=sys.stderr)
        return 77
    arguments = sys.argv[1:]
    tls = "--tls" in arguments
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with RedisServer([one for one in arguments if one != "--tls"], tls) as server:
        print(server.url, flush=True)
        for line in sys.stdin:
            if line.strip() not in ("restart", "stop", "start", "pause", "resume"):
                raise ValueError(line)
            getattr(server, line.strip())()
            print("ok", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
