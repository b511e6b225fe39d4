#!/usr/bin/env python3
"""Kills nodes while webhooks are told of their tasks: no event may be lost or reordered, and repeats come under the same id.

usage: push_chaos.py PROGRAM memory|sqlite|postgres [--seconds N] [--pause S] [--settle S] [--seed N]

PROGRAM is examples/notifying.cpp. The receiver refuses, hangs up and dawdles now and then. On `postgres` there are three nodes,
on `sqlite` one that is started again; `memory` is not killed.
"""
import argparse
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import postgres_server  # noqa: E402

SKIPPED = 77
SENDERS = 4


class Receiver(http.server.ThreadingHTTPServer):
    """Records what it answered with 204, and what it only heard, in order."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, rng):
        self.lock = threading.Lock()
        self.heard = {}  # path: [(webhook-id, body)]
        self.accepted = {}  # path: {webhook-id}
        self.ended = set()
        self.refused = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with receiver.lock:
                    dice = rng.random()
                    receiver.heard.setdefault(self.path, []).append((self.headers["webhook-id"], body))
                    refuses = dice < 0.08
                    receiver.refused += refuses
                    if not refuses:
                        receiver.accepted.setdefault(self.path, set()).add(self.headers["webhook-id"])
                        if "TASK_STATE_COMPLETED" in body or "TASK_STATE_FAILED" in body:
                            receiver.ended.add(self.path)
                if dice < 0.03:
                    self.close_connection = True
                    return
                if dice > 0.97:
                    time.sleep(0.2)
                self.send_response(503 if refuses else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a node that was killed


class Node:
    def __init__(self, program, environment):
        self.environment = environment
        self.process = subprocess.Popen([program], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={
            **{k: v for k, v in os.environ.items() if not k.startswith("A2AKIT_")}, **environment})
        self.port, self.lines = None, []
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"listening url=http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found.group(1))
                break
        if self.port is None:
            raise SystemExit("the node does not start:\n" + "".join(self.lines))
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def kill(self):
        self.process.kill()
        self.process.wait(30)


class Chaos:
    def __init__(self, program, environment, count, rng, pause):
        self.program, self.environment, self.rng, self.pause = program, environment, rng, pause
        self.nodes = [Node(program, environment) for _ in range(count)]
        self.lock = threading.Lock()
        self.sent = {}  # path: task id
        self.kills = 0
        self.stopped = threading.Event()
        self.receiver = Receiver(random.Random(rng.random()))
        self.failures = []

    def send_forever(self, sender):
        number = 0
        try:
            while not self.stopped.is_set():
                path = f"/{sender}-{number}"
                number += 1
                self.send(path)
                time.sleep(self.pause)
        except Exception as error:  # noqa: BLE001
            self.failures.append(repr(error))

    def send(self, path):
        config = {"url": f"http://127.0.0.1:{self.receiver.server_address[1]}{path}"}
        body = json.dumps({
            "message": {"messageId": path, "role": "ROLE_USER", "parts": [{"text": path}]},
            "configuration": {"returnImmediately": True, "taskPushNotificationConfig": config}})
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with self.lock:
                port = self.rng.choice(self.nodes).port
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request("POST", "/message:send", body, {
                    "Content-Type": "application/json", "A2A-Version": "1.0", "Idempotency-Key": path})
                answer = connection.getresponse()
                text = answer.read().decode()
                connection.close()
                if answer.status == 200:
                    self.sent[path] = json.loads(text)["task"]["id"]
                    return
                assert answer.status in (503, 429), text
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise AssertionError(f"{path} was never accepted")

    def kill_one(self):
        with self.lock:
            index = self.rng.randrange(len(self.nodes))
            self.nodes[index].kill()
            self.kills += 1
            self.nodes[index] = Node(self.program, self.environment)

    def run(self, seconds, kills, settle):
        senders = [threading.Thread(target=self.send_forever, args=(i,)) for i in range(SENDERS)]
        for sender in senders:
            sender.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.failures:
            time.sleep(self.rng.uniform(0.5, 2.5))
            if kills and time.monotonic() < until:
                self.kill_one()
        self.stopped.set()
        for sender in senders:
            sender.join()
        until = time.monotonic() + settle
        while time.monotonic() < until and not set(self.sent) <= self.receiver.ended:
            time.sleep(0.2)

    def faults(self):
        faults = list(self.failures)
        repeats = 0
        for path, task in self.sent.items():
            heard = self.receiver.heard.get(path, [])
            numbers = [int(webhook_id.rsplit("_", 1)[1]) for webhook_id, _ in heard]
            bodies = {}
            highest = 0
            for (webhook_id, body), number in zip(heard, numbers):
                if number > highest + 1:
                    faults.append(f"{path}: event {number} came before event {highest + 1}: {numbers}")
                repeats += number <= highest
                highest = max(highest, number)
                if bodies.setdefault(webhook_id, body) != body:
                    faults.append(f"{path}: two bodies under {webhook_id}")
                if task not in body:
                    faults.append(f"{path}: an event of another task: {body}")
            if len({webhook_id.rsplit("_", 1)[0] for webhook_id, _ in heard}) != 1:
                faults.append(f"{path}: {len(heard)} events under several names, or none")
            if path not in self.receiver.ended:
                faults.append(f"{path}: the end of {task} was not told: {numbers}")
            if len(self.receiver.accepted.get(path, ())) != highest:
                faults.append(f"{path}: {highest} events, {len(self.receiver.accepted.get(path, ()))} accepted")
        return faults, repeats

    def end(self):
        for node in self.nodes:
            node.process.terminate()
        for node in self.nodes:
            node.process.wait(60)
        self.receiver.shutdown()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("engine")
    arguments.add_argument("--seconds", type=float, default=8)
    arguments.add_argument("--pause", type=float, default=0.02, help="seconds between the tasks of a sender")
    arguments.add_argument("--settle", type=float, default=240, help="seconds for the last events to arrive")
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    options = arguments.parse_args()
    rng = random.Random(options.seed)
    # The delays grow by the schedule: five failures of one event in a row take half a minute, and would take four and a half
    # with 0.05, longer than is waited for at the end.
    environment = {"A2AKIT_PORT": "0", "A2AKIT_PUSH_ALLOW_HTTP": "true", "A2AKIT_PUSH_ALLOW_NETWORKS": "127.0.0.0/8",
                   "A2AKIT_PUSH_RETRY_DELAY": "0.005", "A2AKIT_PUSH_TIMEOUT": "10", "A2AKIT_LEASE": "2",
                   "A2AKIT_MAX_RETRIES": "100", "A2AKIT_DRAIN_TIMEOUT": "2", "A2AKIT_THREADS": "1"}
    if options.engine == "postgres":
        if not postgres_server.binaries():
            print("SKIPPED: no PostgreSQL server is installed")
            return SKIPPED
        with postgres_server.PostgresServer() as server:
            for port in ("STORAGE", "BROKER", "EVENT_BUS", "CANCEL_REGISTRY"):
                environment[f"A2AKIT_{port}"] = server.url + "?schema=push_chaos&connections=3"
            return run(options, environment, 3, rng)
    with tempfile.TemporaryDirectory(prefix="a2akit-push-chaos-") as directory:
        if options.engine == "sqlite":
            environment["A2AKIT_DATA_DIR"] = directory
        return run(options, environment, 1, rng)


def run(options, environment, count, rng):
    chaos = Chaos(options.program, environment, count, rng, options.pause)
    chaos.run(options.seconds, options.engine != "memory", options.settle)
    faults, repeats = chaos.faults()
    chaos.end()
    events = sum(len(ids) for ids in chaos.receiver.accepted.values())
    print(f"{len(chaos.sent)} tasks, {events} events, {repeats} repeats, {chaos.receiver.refused} refused by the receiver, "
          f"{chaos.kills} kills, seed {options.seed}")
    print("\n".join(faults[:20]))
    return 1 if faults or not events else 0


if __name__ == "__main__":
    sys.exit(main())
