#!/usr/bin/env python3
"""What a server does at the limits of its process: its stderr is not read, closed or full, and the system allows it few
descriptors or threads. It keeps serving and ends when it is told to; or it does not start, says why, and returns 1. No
signal ends it.

usage: process_limits.py PROGRAM STUBBORN   (an agent that echoes; one whose handler never returns)
"""
import fcntl
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile

PROGRAM, STUBBORN = sys.argv[1:]
F_SETPIPE_SZ = 1031
LINES_AHEAD = 8192  # of the log
NOBODY = 54321  # a user without any other process
ENDS_WITHIN = 60
REASONS = {resource.RLIMIT_NOFILE: b"no further descriptors|Too many open files",
           resource.RLIMIT_NPROC: b"no further threads"}
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


def start(stderr, limits=(), user=None, program=PROGRAM, **settings):
    def apply_limits():
        for which, limit in limits:
            resource.setrlimit(which, (limit, limit))

    environment = {**os.environ, "A2AKIT_PORT": "0", **{"A2AKIT_" + name: value for name, value in settings.items()}}
    return subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=stderr, user=user,
                            preexec_fn=apply_limits)


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "it does not end"


def port_of(text):
    found = re.search(rb"listening url=http://127\.0\.0\.1:(\d+) .*\n", text)
    return int(found.group(1)) if found else None


def ask(port, count):
    """So many requests, each of which is a line of the log at the level debug. Returns how many were answered."""
    answered = 0
    with socket.create_connection(("127.0.0.1", port), timeout=ENDS_WITHIN) as s:
        for size in [100] * (count // 100) + [count % 100]:
            s.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * size)
            data = b""
            while data.count(b'{"status":"ok"}') < size:
                more = s.recv(65536)
                if not more:
                    return answered
                data += more
            answered += size
    return answered


class Pipe:
    """A small pipe for stderr, whose two ends this process has."""

    def __init__(self):
        self.read_end, self.write_end = os.pipe()
        fcntl.fcntl(self.write_end, F_SETPIPE_SZ, 4096)
        self.text = b""

    def read_until(self, enough):
        """Reads until `enough` is true of the text so far, and returns what it said."""
        while not (found := enough(self.text)):
            if not select.select([self.read_end], [], [], ENDS_WITHIN)[0]:
                raise SystemExit(f"the log ends too early: {self.text[-800:]}")
            self.text += os.read(self.read_end, 65536)
        return found

    def close(self):
        os.close(self.read_end)
        os.close(self.write_end)


def unread_pipe():
    pipe = Pipe()
    process = start(pipe.write_end, LOG_LEVEL="debug")
    port = pipe.read_until(port_of)
    count = LINES_AHEAD + 1000
    expect("unread stderr: requests are answered", ask(port, count) == count, process.poll())
    expect("unread stderr: whoever shares the pipe still blocks on it",
           not fcntl.fcntl(pipe.write_end, fcntl.F_GETFL) & os.O_NONBLOCK, "O_NONBLOCK")
    ask(port, 1)
    lost = re.compile(rb"level=warning log lines_lost=(\d+)\n")
    pipe.read_until(lost.search)
    told = lambda text: text.count(b'path="/health"') + int(lost.search(text).group(1))
    pipe.read_until(lambda text: told(text) >= count + 1)
    expect("read again: each line is written or counted", told(pipe.text) == count + 1, told(pipe.text))
    ask(port, 200)
    expect("unread stderr: SIGTERM ends it", (status := end(process)) == 0, status)
    pipe.close()


def unread_pipe_of_a_stubborn_agent():
    """It ends although its handler does not, and does not wait for somebody to read why."""
    pipe = Pipe()
    process = start(pipe.write_end, program=STUBBORN, THREADS="2", LOG_LEVEL="debug", DRAIN_TIMEOUT="0.1")
    port = pipe.read_until(port_of)
    body = b'{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"hi"}]}}'
    with socket.create_connection(("127.0.0.1", port), timeout=ENDS_WITHIN) as s:
        s.sendall(b"POST /message:send HTTP/1.1\r\nHost: localhost\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        pipe.read_until(re.compile(rb"the handler blocks").search)
        ask(port, 200)
        process.send_signal(signal.SIGTERM)
        expect("stubborn agent: SIGTERM ends it", (status := end(process)) == 0, status)
    pipe.close()


def closed_pipe():
    pipe = Pipe()
    process = start(pipe.write_end, LOG_LEVEL="debug")
    port = pipe.read_until(port_of)
    pipe.close()
    expect("closed stderr: requests are answered", ask(port, 300) == 300, process.poll())
    expect("closed stderr: SIGTERM ends it", (status := end(process)) == 0, status)


def full_file(directory):
    """Neither stderr nor the database may grow any further."""
    path = os.path.join(directory, "log")
    with open(path, "wb") as log:
        process = start(log, [(resource.RLIMIT_FSIZE, 65536)], LOG_LEVEL="debug")
    while not (port := port_of(open(path, "rb").read())):
        if process.poll() is not None:
            raise SystemExit("the agent did not start")
    expect("full log file: requests are answered", ask(port, 2000) == 2000, process.poll())
    expect("full log file: SIGTERM ends it", (status := end(process)) == 0, status)
    expect("full log file: it is full", os.path.getsize(path) == 65536, os.path.getsize(path))


def starts_or_says_why(name, reason, **how):
    """Whether it started. If not, its message has to match `reason`."""
    process = start(subprocess.PIPE, **how)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if b" listening " in line:
            process.send_signal(signal.SIGTERM)
    status = process.wait(ENDS_WITHIN)
    started = any(b" listening " in line for line in lines)
    if started:
        expect(f"{name}: SIGTERM ends it", status == 0, (status, lines))
    else:
        message = [line for line in lines if not line.startswith(b"time=")]
        expect(f"{name}: one message and status 1",
               status == 1 and len(message) == 1 and re.match(b"a2akit: .*(" + reason + b")", message[0]), (status, lines))
    return started


def sweep(name, which, limits, directory, **how):
    for engine in ("memory", "sqlite"):
        storage = "memory:" if engine == "memory" else f"sqlite:{directory}/{name}.db"
        started = [starts_or_says_why(f"{limit} {name}, {engine}", REASONS[which], limits=[(which, limit)], STORAGE=storage, THREADS="2",
                                      **how) for limit in limits]
        expect(f"{name}, {engine}: too few and enough were tried", not started[0] and started[-1], started)


def without_redis(which, limits, **how):
    """A Redis that nobody runs: its name takes a thread, its connection a descriptor."""
    for limit in limits:
        started = starts_or_says_why(f"{limit} for Redis", REASONS[which] + b"|Redis", limits=[(which, limit)], STORAGE="memory:", THREADS="2",
                                     EVENT_BUS="redis://localhost:1", **how)
        expect("without Redis nothing starts", not started, limit)


def main():
    unread_pipe()
    unread_pipe_of_a_stubborn_agent()
    closed_pipe()
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)
        full_file(directory)
        sweep("descriptors", resource.RLIMIT_NOFILE, [*range(8, 33), 64], directory)
        without_redis(resource.RLIMIT_NOFILE, range(8, 25))
        if os.geteuid() == 0:
            sweep("threads", resource.RLIMIT_NPROC, [*range(1, 13), 24], directory, user=NOBODY)
            without_redis(resource.RLIMIT_NPROC, range(1, 13), user=NOBODY)
        else:
            print("threads: not tried; only root can start a server as a user without other processes")
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
