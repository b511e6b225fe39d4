#!/usr/bin/env python3
"""Does what docs/guides/deployment.md says: its commands, its nginx in front of two nodes on PostgreSQL, its unit.

usage: run_deployment.py PROGRAM [unittest's arguments]   (tests/integration/node_agent)

Blocks after <!-- file: PATH --> are files, blocks after <!-- run: NAME --> are run by a shell.
"""
import configparser
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))
sys.path.insert(0, str(ROOT / "tests" / "support"))
import many_nodes  # noqa: E402
import nginx  # noqa: E402
from many_nodes import Node, postgres_server, state  # noqa: E402
from nginx import GUIDE, block  # noqa: E402


class Nginx(nginx.Nginx):
    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", "A2A-Version": "1.0", "Host": "agent.example", **headers}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        return answer, read

    def send(self, text):
        answer, read = self.ask("POST", "/message:send", message(text))
        if answer.status != 200:
            raise AssertionError(f"{answer.status} {read}")
        return json.loads(read)["task"]

    @contextlib.contextmanager
    def stream(self, text):
        """The lines of a streamed send as they arrive."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/message:stream", json.dumps(message(text)), {
            "Content-Type": "application/json", "A2A-Version": "1.0", "Accept": "text/event-stream"})
        yield connection.getresponse()
        connection.close()


def message(text):
    return {"message": {"messageId": f"m-{time.monotonic_ns()}", "role": "ROLE_USER", "parts": [{"text": text}]}}


def connections_to(ports):
    """Sockets of this machine, closed ones that wait included, whose peer is such a port."""
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        count += int(line.split()[2].split(":")[1], 16) in ports
    return count


class Deployment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(postgres_server.PostgresServer())
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="a2akit-deployment-"))
        cls.shell = {**os.environ, "PATH": f"{postgres_server.binaries()}:{os.environ['PATH']}",
                     "ADMIN": cls.server.url.replace(postgres_server.DATABASE, "postgres"),
                     "DATABASE": f"postgresql://agent:change-me@127.0.0.1:{cls.server.port}/agent"}
        cls.run_block("create")
        exports = re.search(r"```sh\n(export A2AKIT_STORAGE=.*?)```", GUIDE, re.S).group(1)
        exports = exports.replace("db.example", f"127.0.0.1:{cls.server.port}")
        said = subprocess.run(["bash", "-euc", exports + "env -0"], env={"PATH": cls.shell["PATH"]}, capture_output=True,
                              text=True, check=True).stdout
        found = dict(line.split("=", 1) for line in said.split("\0") if "=" in line)
        cls.settings = {name.removeprefix("A2AKIT_"): value for name, value in found.items() if name.startswith("A2AKIT_")}
        assert len(cls.settings) == 4 and set(cls.settings.values()) == {cls.shell["DATABASE"]}, cls.settings

    @classmethod
    def run_block(cls, name):
        ran = subprocess.run(["bash", "-euo", "pipefail", "-c", block(f"run: {name}")], env=cls.shell, cwd=cls.folder,
                             capture_output=True, text=True)
        assert ran.returncode == 0, f"{name}: {ran.stderr}"

    def start(self, count):
        nodes = [Node("a2akit", url=self.shell["DATABASE"], **self.settings, HEARTBEAT=1, TRUST_FORWARDED="true",
                      BLOCKING_TIMEOUT=300) for _ in range(count)]
        for node in nodes:
            self.addCleanup(node.close)
        return [node.up() for node in nodes]

    def test_nginx_lets_events_and_heartbeats_through_as_they_come(self):
        nodes = self.start(2)
        with Nginx([node.port for node in nodes]) as proxy:
            with proxy.stream("count 10") as answer:  # every 50 ms
                times = [time.monotonic() for line in answer if line.startswith(b"data:")]
            self.assertEqual(len(times), 1 + 1 + 10 + 1 + 1, "task, working, numbers, answer, completed")
            gaps = [after - before for before, after in zip(times, times[1:])]
            self.assertGreaterEqual(sum(gap > 0.02 for gap in gaps), 8, f"they came together: {gaps}")
            with proxy.stream("wait") as answer:
                seen = next(answer)
                while not seen.startswith(b":"):
                    seen = next(answer)
            card = json.loads(proxy.ask("GET", "/.well-known/agent-card.json")[1])
            self.assertTrue(card["supportedInterfaces"][0]["url"].startswith("http://agent.example"), card)
            answer, _ = proxy.ask("POST", "/message:send", message("x" * (11 << 20)))
            self.assertEqual(answer.status, 413)
            ports = {node.port for node in nodes}
            before = connections_to(ports)
            for _ in range(40):
                proxy.send("hi")
            self.assertLessEqual(connections_to(ports) - before, 4, "connections are used again")

    def test_a_node_that_is_killed_is_gone_around_and_no_send_is_repeated(self):
        nodes = self.start(2)
        with Nginx([node.port for node in nodes]) as proxy:
            served = {proxy.send(f"hi {i}")["artifacts"][0]["parts"][0]["text"].split()[-1] for i in range(20)}
            self.assertTrue(served <= {str(node.process.pid) for node in nodes})
            before = int(self.server.sql("select count(*) from a2akit.tasks", "agent"))
            answers = []
            waiting = [threading.Thread(target=lambda: answers.append(proxy.ask("POST", "/message:send", message("wait"))))
                       for _ in range(2)]  # one on each node, since they are served in turn
            for thread in waiting:
                thread.start()
            self.wait_until(lambda: int(self.server.sql(
                "select count(*) from a2akit.tasks where run_node is not null", "agent")) == 2)
            nodes[0].kill()
            self.wait_until(lambda: len(answers) == 1)
            self.assertEqual(answers[0][0].status, 502)
            for i in range(20):
                self.assertEqual(state(proxy.send(f"after {i}")), "COMPLETED")
                self.assertEqual(proxy.ask("GET", "/tasks?pageSize=1")[0].status, 200)
            tasks = int(self.server.sql("select count(*) from a2akit.tasks", "agent"))
            self.assertEqual(tasks, before + 2 + 20, "the send that got 502 was not sent again")
            for task in self.server.sql("select id from a2akit.tasks where state = 2", "agent").split():
                nodes[1].call("CancelTask", {"id": task})
            for thread in waiting:
                thread.join(20)
            self.assertEqual(answers[1][0].status, 200)
        with Nginx([node.port for node in nodes]) as another:  # which has not noticed yet
            for i in range(4):
                self.assertEqual(state(another.send(f"last {i}")), "COMPLETED")

    def wait_until(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not happen in time")
            time.sleep(0.02)

    def test_what_was_dumped_is_there_after_a_restore(self):
        node, = self.start(1)
        task = node.send("keep me")["id"]
        self.run_block("tune")
        self.run_block("backup")
        node.close()
        self.run_block("restore")
        node, = self.start(1)
        self.assertEqual(node.task(task)["id"], task)
        self.assertEqual(state(node.send("and go on")), "COMPLETED")


class Unit(unittest.TestCase):
    def test_systemd_waits_longer_than_a_drain(self):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str
        unit.read_string(block("file: /etc/systemd/system/agent@.service"))
        table = (ROOT / "docs" / "reference" / "settings.md").read_text()
        drain = int(re.search(r"`A2AKIT_DRAIN_TIMEOUT` \| `drain_timeout` \| (\d+)", table).group(1))
        self.assertGreater(int(unit["Service"]["TimeoutStopSec"]), drain + 5)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_finds_no_fault_with_it(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = Path(folder) / "agent@8001.service"
            unit.write_text(block("file: /etc/systemd/system/agent@.service").replace("/usr/local/bin/my_agent", "/bin/true"))
            verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        ours = [line for line in verified.stderr.splitlines() if "agent@8001" in line]
        self.assertEqual(ours, [])


if __name__ == "__main__":
    if nginx.NGINX is None:
        required = os.environ.get("CI") == "true"
        print("FAILED" if required else "SKIPPED", ": nginx is not installed (Debian: nginx-light)")
        sys.exit(1 if required else 77)
    sys.exit(many_nodes.run_without_mix())
