#!/usr/bin/env python3
"""With A2AKIT_DATA_KEYS nothing of a task's contents stands on the disk, and keys can be changed.

usage: sealed.py PROGRAM A2AKIT sqlite|postgres   (PROGRAM is examples/notifying.cpp)
"""
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import postgres_server  # noqa: E402

SKIPPED = 77
WITHIN_S = 60
MARK = "a-text-that-nobody-else-writes"
A2AKIT = str(pathlib.Path(sys.argv[2]).resolve())
TOKEN = "a-token-that-nobody-else-has"
OLD, NEW, THIRD = "old:" + "7" * 64, "new:" + "8" * 64, "third:" + "9" * 64


class Agent:
    def __init__(self, program, environment, keys=None):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("A2AKIT_")}
        self.process = subprocess.Popen(
            [program], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**kept, "A2AKIT_PORT": "0", "A2AKIT_PUSH_ALLOW_HTTP": "true", "A2AKIT_PUSH_ALLOW_NETWORKS": "127.0.0.0/8",
                 "A2AKIT_COMPACT_AFTER": "86400", **({"A2AKIT_DATA_KEYS": keys} if keys else {}), **environment})
        self.output = ""

    def __enter__(self):
        for line in self.process.stdout:
            self.output += line
            if found := re.search(r"listening url=http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found.group(1))
                return self
        self.process.wait(WITHIN_S)
        raise AssertionError(self.output)

    def __exit__(self, *_):
        self.process.terminate()
        self.output += self.process.communicate(timeout=WITHIN_S)[0]

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json", "A2A-Version": "1.0"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text or "null")

    def send(self, text):
        status, answer = self.call("POST", "/message:send", {
            "message": {"messageId": "1", "role": "ROLE_USER", "parts": [{"text": text}]},
            # Nobody listens on this port, so the configuration is kept for its next try.
            "configuration": {"taskPushNotificationConfig": {"id": "c", "url": "http://127.0.0.1:1/" + MARK, "token": TOKEN}}})
        assert status == 200, answer
        return answer["task"]["id"]

    def text_of(self, task):
        status, answer = self.call("GET", f"/tasks/{task}")
        return answer["artifacts"][0]["parts"][0]["text"] if status == 200 else answer


def refused(program, environment, keys=None):
    try:
        with Agent(program, environment, keys):
            raise SystemExit("a server with wrong keys started")
    except AssertionError as refusal:
        return str(refusal)


def check(program, environment, marks_on_disk, _):
    """`marks_on_disk`: which of MARK and TOKEN stand there."""
    with Agent(program, environment) as agent:
        agent.send(f"before {MARK}")
    assert marks_on_disk() == {MARK, TOKEN}, "this test would not notice anything"


def check_sealed(program, environment, marks_on_disk, _):
    with Agent(program, environment, OLD) as agent:
        task = agent.send(f"hello {MARK}")
        assert agent.text_of(task) == f"Delivered: hello {MARK}"
        assert agent.call("GET", f"/tasks/{task}/pushNotificationConfigs/c")[1]["url"].endswith(MARK)
        listed = agent.call("GET", "/tasks?includeArtifacts=true")[1]["tasks"]
        assert len(listed) == 1 and listed[0]["artifacts"][0]["parts"][0]["text"].endswith(MARK), listed
    assert "key" not in agent.output, agent.output
    assert marks_on_disk() == set(), marks_on_disk()

    assert "A2AKIT_DATA_KEYS: is missing" in refused(program, environment)
    wrong = refused(program, environment, NEW)
    assert 'A2AKIT_DATA_KEYS: does not fit' in wrong and 'the key "old"' in wrong and "8888" not in wrong, wrong

    with Agent(program, environment, f"{NEW},{OLD}") as agent:
        assert agent.text_of(task) == f"Delivered: hello {MARK}"
        second = agent.send(f"again {MARK}")
    with Agent(program, environment, NEW) as agent:  # too early: the first task is still under the old key
        assert agent.text_of(second) == f"Delivered: again {MARK}"
        status, answer = agent.call("GET", f"/tasks/{task}")
        assert status == 500 and MARK not in json.dumps(answer), answer
        listed = agent.call("GET", "/tasks")[1]["tasks"]
        assert {one["id"] for one in listed} == {task, second}, listed
    assert f"a stored task cannot be read task={task}" in agent.output and 'the key \\"old\\"' in agent.output, agent.output
    assert marks_on_disk() == set()


def reencrypt(where, keys):
    done = subprocess.run([A2AKIT, "check", where, "--reencrypt"], capture_output=True, text=True, timeout=WITHIN_S,
                          env={**os.environ, "A2AKIT_DATA_KEYS": keys})
    return done.returncode, done.stdout + done.stderr


def check_reencrypted(program, environment, _, where):
    """What is stored moves under another key, while no agent runs and while one does; then the former key can be taken away."""
    def check_all(agent):
        for number, task in enumerate(tasks):
            assert agent.text_of(task) == f"Delivered: {number} {MARK}"
            assert agent.call("GET", f"/tasks/{task}")[1]["history"][0]["parts"][0]["text"] == f"{number} {MARK}"
            assert agent.call("GET", f"/tasks/{task}/pushNotificationConfigs/c")[1]["url"].endswith(MARK)

    with Agent(program, environment, OLD) as agent:
        tasks = [agent.send(f"{number} {MARK}") for number in range(100)]
    status, said = reencrypt(where, NEW)
    assert status == 1 and "left as before" in said and 'the key "old"' in said and "8888" not in said, said
    status, said = reencrypt(where, f"{NEW},{OLD}")
    assert status == 0 and re.match(r"[1-9]\d* values encrypted again under the key \"new\"\n$", said), said
    with Agent(program, environment, NEW) as agent:  # the mark of the storage is under the new key as well
        check_all(agent)
        tasks += [agent.send(f"{number} {MARK}") for number in range(100, 103)]
    with Agent(program, environment, f"{THIRD},{NEW}") as agent:
        status, said = reencrypt(where, f"{THIRD},{NEW}")
        assert status == 0 and re.match(r"[1-9]\d* values encrypted again under the key \"third\"\n$", said), said
        tasks += [agent.send(f"{number} {MARK}") for number in range(103, 106)]
        check_all(agent)
    status, said = reencrypt(where, f"{THIRD},{NEW}")
    assert (status, said) == (0, '0 values encrypted again under the key "third"\n'), said
    with Agent(program, environment, THIRD) as agent:
        check_all(agent)
    assert subprocess.run([A2AKIT, "check", where], capture_output=True, timeout=WITHIN_S,
                          env={**os.environ, "A2AKIT_DATA_KEYS": THIRD}).returncode == 0


def found_below(folder):
    found = set()
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                content = pathlib.Path(parent, name).read_bytes()
            except FileNotFoundError:
                continue  # a database server makes and removes files all the time
            found |= {mark for mark in (MARK, TOKEN) if mark.encode() in content}
    return found


def run_sqlite(program):
    for attempt in (check, check_sealed, check_reencrypted):
        with tempfile.TemporaryDirectory(prefix="a2akit-sealed-") as folder:
            attempt(program, {"A2AKIT_DATA_DIR": folder}, lambda: found_below(folder), folder)


def run_postgres(program):
    if not postgres_server.binaries():
        print("SKIPPED: no PostgreSQL server is installed")
        sys.exit(SKIPPED)
    for attempt in (check, check_sealed, check_reencrypted):
        with postgres_server.PostgresServer() as server:
            environment = {f"A2AKIT_{port}": server.url for port in ("STORAGE", "BROKER", "EVENT_BUS", "CANCEL_REGISTRY")}

            def marks():
                server.sql("checkpoint")
                return found_below(server.folder / "data")
            attempt(program, environment, marks, server.url)


if __name__ == "__main__":
    {"sqlite": run_sqlite, "postgres": run_postgres}[sys.argv[3]](str(pathlib.Path(sys.argv[1]).resolve()))
