#!/usr/bin/env python3
"""A server on a Unix socket, on a socket that systemd has opened, and under the eyes of a service manager.

usage: sockets.py PROGRAM   (examples/echo.cpp)
"""
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
WITHIN_S = 60
OK = (200, '{"status":"ok"}')


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=WITHIN_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WITHIN_S)
        self.sock.connect(self.path)


def get(connection, path="/health", headers=None):
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


class Agent:
    """Is stopped when the block ends; then `output` holds what it has written."""

    def __init__(self, *command, pass_fds=(), **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("A2AKIT_")}
        self.output = ""
        self.process = subprocess.Popen(command or [PROGRAM], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        pass_fds=pass_fds, env={**kept, "A2AKIT_PORT": "0", **environment})

    def __enter__(self):
        for line in self.process.stdout:
            self.output += line
            if "listening url=" in line:
                return self
        raise AssertionError(f"it did not start: {self.output}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.output += self.process.communicate(timeout=WITHIN_S)[0]


def check_unix_socket(folder):
    path = f"{folder}/a.sock"
    with Agent(A2AKIT_HOST=f"unix:{path}") as agent:
        assert f" socket={path} " in agent.output and "url=http://localhost " in agent.output, agent.output
        assert get(Connection(path)) == OK
        assert get(Connection(path), headers={"Host": "agents.example"}) == OK
        connection = Connection(path)
        connection.request("POST", "/message:send", '{"message": {"messageId": "1", "role": "ROLE_USER", '
                           '"parts": [{"text": "' + "x" * 300_000 + '"}]}}',
                           {"Content-Type": "application/json", "A2A-Version": "1.0"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200 and b"x" * 300_000 in body, (answer.status, body[:200])
        connection.close()
        refused = subprocess.run([PROGRAM], env={**os.environ, "A2AKIT_HOST": f"unix:{path}"}, capture_output=True,
                                 text=True, timeout=WITHIN_S)
        assert refused.returncode == 1 and "another process listens there" in refused.stderr, refused
        assert get(Connection(path)) == OK, "the second server took the socket of the first"
    assert agent.process.returncode == 0 and not os.path.exists(path)

    with Agent(A2AKIT_HOST=f"unix:{path}") as agent:
        agent.process.send_signal(signal.SIGKILL)
    assert os.path.exists(path)
    with Agent(A2AKIT_HOST=f"unix:{path}"):
        assert get(Connection(path)) == OK


def check_refusals(folder):
    occupied = pathlib.Path(folder, "file")
    occupied.write_text("kept")
    for host, said in {f"unix:{occupied}": "something else is there, which is not a socket",
                       "unix:": "is not allowed; use unix: and a path",
                       "unix:/" + "x" * 200: "is not allowed; use unix: and a path of 107 bytes at most",
                       f"unix:{folder}/no/such/a.sock": "No such file or directory"}.items():
        ran = subprocess.run([PROGRAM], env={**os.environ, "A2AKIT_HOST": host}, capture_output=True, text=True, timeout=WITHIN_S)
        assert ran.returncode == 1 and said in ran.stderr and "A2AKIT_HOST" in ran.stderr, (host, ran)
    assert occupied.read_text() == "kept"


def check_proxy_on_the_socket(folder):
    """Whoever is on the socket counts as 127.0.0.1, which may be a trusted proxy."""
    path = f"{folder}/proxied.sock"
    with Agent(A2AKIT_HOST=f"unix:{path}", A2AKIT_TRUSTED_PROXIES="127.0.0.1", A2AKIT_RATE_PER_ADDRESS="0.001") as agent:
        card = "/.well-known/agent-card.json"
        assert get(Connection(path), card, {"X-Forwarded-For": "192.0.2.1"})[0] == 200
        assert get(Connection(path), card, {"X-Forwarded-For": "192.0.2.1"})[0] == 429
        assert get(Connection(path), card, {"X-Forwarded-For": "192.0.2.2"})[0] == 200
    assert agent.process.returncode == 0


# As systemd starts a service: the socket is descriptor 3.
LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


def activated(descriptor, count=1, **environment):
    return Agent(sys.executable, "-c", LAUNCHER, str(descriptor), str(count), PROGRAM, pass_fds=(descriptor,), **environment)


def check_activation(folder):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        # Who connects before the server runs waits for it.
        early = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
        early.request("GET", "/health")
        with activated(listener.fileno(), A2AKIT_HOST="192.0.2.1") as agent:
            assert f"url=http://127.0.0.1:{port} " in agent.output, agent.output
            assert early.getresponse().read() == b'{"status":"ok"}'
            assert get(http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)) == OK
        assert agent.process.returncode == 0, agent.output
    path = f"{folder}/activated.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with activated(listener.fileno()) as agent:
            assert get(Connection(path)) == OK
        assert os.path.exists(path), "the socket belongs to the one who made it"
        for given, count, said in ((listener, 2, "was given 2 sockets"), (open(os.devnull), 1, "not a stream socket that listens")):
            try:
                with activated(given.fileno(), count=count) as agent:
                    raise SystemExit("it started: " + agent.output)
            except AssertionError as refused:
                assert said in str(refused), refused


def check_service_manager(folder):
    path = f"{folder}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(WITHIN_S)
        with Agent(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000") as agent:
            heard = [manager.recv(100) for _ in range(4)]
            assert sorted(heard) == [b"READY=1"] + [b"WATCHDOG=1"] * 3, heard
            agent.process.terminate()
            deadline = time.monotonic() + WITHIN_S
            while manager.recv(100) != b"STOPPING=1":
                assert time.monotonic() < deadline
        manager.setblocking(False)
        # Neither who does not listen nor a name that is no socket holds a server up.
        with Agent(NOTIFY_SOCKET=f"{folder}/nobody", WATCHDOG_USEC="1000"):
            pass
        with Agent(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000", WATCHDOG_PID="1") as agent:
            pass
    assert agent.process.returncode == 0


with tempfile.TemporaryDirectory(prefix="a2akit-") as temporary:
    check_unix_socket(temporary)
    check_refusals(temporary)
    check_proxy_on_the_socket(temporary)
    check_activation(temporary)
    check_service_manager(temporary)
