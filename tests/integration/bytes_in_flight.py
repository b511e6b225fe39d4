#!/usr/bin/env python3
"""Attacks a running agent's memory, each in its own process: while it lasts, the process stays below its share of a machine
with 2 GiB and answers a well-behaved client; afterwards it gives the memory back.

usage: bytes_in_flight.py ECHO CHUNKS [--attack NAME] [--minutes M] [--slowest S]
An agent that echoes, and chunk_agent; both are started on a free port.
"""
import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1 << 20
MOST = 1024 * MIB        # while an attack lasts
KEPT = 64 * MIB          # ten seconds behind it, more than before
JSON = {"Content-Type": "application/json", "A2A-Version": "1.0"}
# What the server would take for its own on a machine with 2 GiB: an eighth for each, and a quarter.
SHARE = str(256 * MIB)
STORED = 512 * MIB


def send(text):
    return json.dumps({"message": {"messageId": os.urandom(8).hex(), "role": "ROLE_USER", "parts": [{"text": text}]}})


class Agent:
    def __init__(self, program, data_dir):
        environment = {**os.environ, "A2AKIT_PORT": "0", "A2AKIT_MAX_REQUEST_BYTES": SHARE,
                       "A2AKIT_MAX_RESPONSE_BYTES": SHARE, "A2AKIT_MAX_STORED_BYTES": str(STORED)}
        if data_dir:
            environment["A2AKIT_DATA_DIR"] = data_dir
        self.process = subprocess.Popen([program], env=environment, text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise SystemExit("the agent did not start")

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def connect(self, receive_bytes=None):
        client = socket.socket()
        client.settimeout(30)
        if receive_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.connect(("127.0.0.1", self.port))
        return client

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, JSON)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def large_task(self, size):
        status, body = self.request("POST", "/message:send", send("x" * size))
        assert status == 200, (status, body[:200])
        return json.loads(body)["task"]["id"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "killed"


def behave_well(port):
    """Sends a small message again and again over one connection, until standard input ends; then says how it went."""
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    times, refused = [], []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not over.wait(0.005):
        began = time.monotonic()
        connection.request("POST", "/message:send", send("hello"), JSON)
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.monotonic() - began)
        if answer.status != 200:
            refused.append((answer.status, body[:200].decode()))
    print(json.dumps({"answers": len(times), "slowest": sorted(times)[-(-len(times) * 99 // 100) - 1], "refused": refused}))


class WellBehaved:
    """A client in a process of its own, which the attacker does not slow down by what it does itself."""

    def __init__(self, agent):
        self.process = subprocess.Popen([sys.executable, "-B", __file__, "--client", str(agent.port)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end(self):
        return json.loads(self.process.communicate(timeout=90)[0])


# -- The attacks: each yields whenever there is something to measure, and ends what it has opened -----------------------

def head(size, path="/message:send"):
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nA2A-Version: 1.0\r\n"
            f"Content-Length: {size}\r\n\r\n").encode()


def unfinished_bodies(agent, open_files):
    """300 bodies of 9 MB, none of which is finished."""
    part = b" " * MIB
    clients = [open_files.enter_context(agent.connect()) for _ in range(300)]
    for client in clients:
        client.setblocking(True)
        with contextlib.suppress(ConnectionError):
            client.sendall(head(9 * MIB))
    for _ in range(8):
        for client in clients:
            with contextlib.suppress(ConnectionError):
                client.sendall(part)
        yield


def unread_answers(agent, open_files):
    """96 answers of 9 MB which nobody reads."""
    task = agent.large_task(9 * 1000 * 1000)
    for _ in range(96):
        client = open_files.enter_context(agent.connect(receive_bytes=4096))
        client.sendall(f"GET /tasks/{task} HTTP/1.1\r\nHost: localhost\r\nA2A-Version: 1.0\r\n\r\n".encode())
        yield


def unread_answers_of_one_connection(agent, open_files):
    """The same, asked for in one breath."""
    task = agent.large_task(9 * 1000 * 1000)
    client = open_files.enter_context(agent.connect(receive_bytes=4096))
    client.sendall(f"GET /tasks/{task} HTTP/1.1\r\nHost: localhost\r\nA2A-Version: 1.0\r\n\r\n".encode() * 48)
    yield


def large_batch(agent, open_files):
    """One small batch that asks 40 times for a task of 9 MB."""
    task = agent.large_task(9 * 1000 * 1000)
    calls = [{"jsonrpc": "2.0", "id": i, "method": "GetTask", "params": {"id": task}} for i in range(40)]
    body = json.dumps(calls).encode()
    for _ in range(3):
        client = open_files.enter_context(agent.connect())
        client.sendall(head(len(body), "/") + body)
        yield


def batch_of_lists(agent, open_files):
    """A batch of 4 kB that asks 40 times for all tasks, four of 9 MB."""
    for _ in range(4):
        agent.large_task(9 * 1000 * 1000)
    calls = [{"jsonrpc": "2.0", "id": i, "method": "ListTasks", "params": {"includeArtifacts": True}} for i in range(40)]
    body = json.dumps(calls).encode()
    for _ in range(3):
        client = open_files.enter_context(agent.connect())
        client.sendall(head(len(body), "/") + body)
        yield


def stored_tasks(agent, open_files):
    """120 tasks of 9 MB, several at the same time."""
    def store(count):
        for _ in range(count):
            with contextlib.suppress(OSError):
                agent.request("POST", "/message:send", send("x" * (9 * 1000 * 1000)))
    senders = [threading.Thread(target=store, args=(30,)) for _ in range(4)]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        time.sleep(0.02)
        yield


def streams_of(agent, open_files, chunks):
    """20 streams of the task that emits these chunks, which nobody reads."""
    request = json.loads(send(chunks))
    request["configuration"] = {"returnImmediately": True}
    status, body = agent.request("POST", "/message:send", json.dumps(request))
    assert status == 200, (status, body[:200])
    task = json.loads(body)["task"]["id"]
    for _ in range(20):
        client = open_files.enter_context(agent.connect(receive_bytes=4096))
        client.sendall(f"GET /tasks/{task}:subscribe HTTP/1.1\r\nHost: localhost\r\nA2A-Version: 1.0\r\n"
                       "Last-Event-ID: 1\r\n\r\n".encode())
        begin = client.recv(12)
        assert begin == b"HTTP/1.1 200", begin
        yield


def unread_streams(agent, open_files):
    """20 streams of a hundred events of 1 MB each, which nobody reads."""
    yield from streams_of(agent, open_files, "100 1000000")


def unread_large_events(agent, open_files):
    """20 streams of one event of 60 MB, which nobody reads."""
    yield from streams_of(agent, open_files, "1 60000000")


ATTACKS = {attack.__name__: attack
           for attack in (unfinished_bodies, unread_answers, unread_answers_of_one_connection, large_batch,
                          batch_of_lists, stored_tasks, unread_streams, unread_large_events)}
# The others are about what is under way, not about what is stored.
KEPT_BY_THE_STORE = {"batch_of_lists": 4 * 2 * 9 * 1000 * 1000, "stored_tasks": STORED, "unread_streams": 100 * 1000 * 1000,
                     "unread_large_events": 60 * 1000 * 1000}


def run(programs, name, minutes, slowest, data_dir):
    agent = Agent(programs[name in ("unread_streams", "unread_large_events")], data_dir)
    may_keep = KEPT + (0 if data_dir else KEPT_BY_THE_STORE.get(name, 0))
    faults = []
    try:
        agent.request("POST", "/message:send", send("hello"))
        before = agent.resident()
        client = WellBehaved(agent)
        most, end = 0, time.monotonic() + minutes * 60
        while True:
            with contextlib.ExitStack() as open_files:
                for _ in ATTACKS[name](agent, open_files):
                    most = max(most, agent.resident())
                held = time.monotonic() + 2
                while time.monotonic() < held:
                    most = max(most, agent.resident())
                    time.sleep(0.02)
            if time.monotonic() >= end:
                break
        seen = client.end()
        kept = agent.resident() - before
        end = time.monotonic() + 10
        while kept > may_keep and time.monotonic() < end:
            time.sleep(0.1)
            kept = agent.resident() - before
        print(f"{name}: before {before // MIB} MiB, at most {most // MIB} MiB, kept {kept // MIB} MiB, "
              f"{seen['answers']} answers, 99 % within {seen['slowest'] * 1000:.0f} ms, {len(seen['refused'])} refused", flush=True)
        if most > MOST:
            faults.append(f"{name}: {most // MIB} MiB while it lasted")
        if kept > may_keep:
            faults.append(f"{name}: {kept // MIB} MiB more than before, ten seconds behind it")
        if seen["slowest"] > slowest:
            faults.append(f"{name}: a well-behaved client waited for {seen['slowest']:.3f} s")
        if seen["refused"]:
            faults.append(f"{name}: a well-behaved client was refused: {seen['refused'][0]}")
    finally:
        ended = agent.stop()
    if ended != 0:
        faults.append(f"{name}: the agent ended with {ended}")
    return faults


def main():
    if sys.argv[1] == "--client":
        return behave_well(int(sys.argv[2]))
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs=2)
    parser.add_argument("--sqlite", action="store_true", help="tasks are stored on disk")
    parser.add_argument("--attack", choices=sorted(ATTACKS), action="append")
    parser.add_argument("--minutes", type=float, default=0, help="how long each attack is repeated")
    parser.add_argument("--slowest", type=float, default=0.25,
                        help="seconds within which 99 of 100 answers reach the well-behaved client")
    arguments = parser.parse_args()
    faults = []
    for name in arguments.attack or ATTACKS:
        with tempfile.TemporaryDirectory() if arguments.sqlite else contextlib.nullcontext() as data_dir:
            faults += run(arguments.program, name, arguments.minutes, arguments.slowest, data_dir)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
