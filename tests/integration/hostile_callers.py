#!/usr/bin/env python3
"""Callers with strange names, forged addresses and endless keys, and an operator who reloads without a pause.

usage: hostile_callers.py AGENT A2AKIT [--engine memory|sqlite|postgres]
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import engines
from agent_calls import TIMEOUT, Answer, call, send, write
from agent_process import AgentProcess
from tokens import Key, write_set

parser = argparse.ArgumentParser()
parser.add_argument("agent")
parser.add_argument("a2akit")
parser.add_argument("--engine", default="memory", choices=("memory", "sqlite", "postgres"))
ARGUMENTS = parser.parse_args()
PROGRAM = ARGUMENTS.agent
ISSUER = "https://issuer.example"
FORGED_LOGINS = 1000
RELOADS = 100
LINE = re.compile(r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=\w+ ")
FORGED = "time=2026-01-01T00:00:00.000Z level=error forged"
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


def all_lines(agent):
    """The log of an agent that has ended."""
    while (line := agent._queue.get(timeout=TIMEOUT)) is not None:
        agent.lines.append(line)
    return agent.lines


@contextlib.contextmanager
def storage(directory):
    if ARGUMENTS.engine == "memory":
        yield {}
    elif ARGUMENTS.engine == "sqlite":
        yield {"DATA_DIR": os.path.join(directory, "data")}
    else:
        [engine] = engines.of("postgres")
        engine.start()
        try:
            yield {name.removeprefix("A2AKIT_"): value for name, value in engine.environment("a2akit").items()}
        finally:
            engine.end()


def names(directory):
    """A principal may have any name of up to 256 bytes: no line of a log and no owner is forged by one."""
    audit = os.path.join(directory, "audit")
    key, path, now = Key(directory, "ES256", "k"), os.path.join(directory, "set.json"), int(time.time())
    write_set(path, key)
    good = ["a\nb", "a\r\n" + FORGED, '"quoted\\', "a=b principal=c", "\u00e9\u20ac\U0001f600",
            "{\"seq\":1}", "\x1f\x1fa2akit data keys\x1f\x1f", "' or 1=1 --", "*", " ", "x" * 256, "alice", "alice\x1fagent"]
    bad = ["", "x" * 257, "x" * 4096, "nul\x00byte"]
    with storage(directory) as settings, \
            AgentProcess(PROGRAM, JWT_JWKS_URL="file://" + path, JWT_ISSUER=ISSUER, JWT_AUDIENCE="a2a", AUDIT_LOG=audit,
                         LOG_LEVEL="debug", **settings) as agent:
        def bearer(name):
            return {"Authorization": "Bearer " + key.token({"iss": ISSUER, "aud": "a2a", "sub": name, "exp": now + 3600})}
        callers = {name: bearer(name) for name in good}
        tasks = {}
        for name, headers in callers.items():
            sent = send(agent, **headers)
            if sent.status != 200:
                raise SystemExit(f"{name[:20]!r} may not send: {sent}")
            tasks[name] = sent.json()["task"]["id"]
        for name, headers in callers.items():
            listed = call(agent, "GET", "/tasks", **headers).json()
            expect(f"{name[:20]!r} sees its own task alone", [task["id"] for task in listed["tasks"]] == [tasks[name]] and
                   listed["totalSize"] == 1, listed)
        for name in bad:
            answer = send(agent, **bearer(name))
            expect(f"a name of {len(name)} bytes", answer.status == 401 and "invalid_token" in answer.headers["WWW-Authenticate"],
                   answer)
    for line in all_lines(agent):
        expect("each line of the log is one of the server's", LINE.match(line) and not line.startswith(FORGED), line)
    with open(audit, "rb") as file:
        kept = [json.loads(line).get("principal") for line in file]
    expect("the audit log has the names", [name for name in kept[1:len(good) + 1]] == good, kept)
    checked = subprocess.run([ARGUMENTS.a2akit, "check", "--audit-log", audit], capture_output=True, text=True, timeout=TIMEOUT)
    expect("the audit log is sound", checked.returncode == 0, checked)


def forged_addresses(directory):
    """A trusted proxy passes on whatever its clients claim: chains of 8 kB, and a new address for each wrong password."""
    path = os.path.join(directory, "keys")
    write(path, "alice alices-long-secret-key\n")
    with AgentProcess(PROGRAM, API_KEYS_FILE=path, TRUSTED_PROXIES="127.0.0.0/8", MAX_HEADER_BYTES="16384") as agent:
        chain = ", ".join(f"203.0.113.{n % 250}" for n in range(600))
        for value in (chain, "1," * 4000, "," * 8000, "x" * 8000, "127.0.0.1, " * 700 + "198.51.100.7"):
            answer = send(agent, X_API_Key="alices-long-secret-key", X_Forwarded_For=value)
            expect(f"a chain of {len(value)} bytes", answer.status in (200, 400), answer)
        connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=TIMEOUT)
        statuses = set()
        for n in range(FORGED_LOGINS):
            connection.request("GET", "/tasks/x", headers={"A2A-Version": "1.0", "X-API-Key": f"a-guess-of-a-key-{n}",
                                                           "X-Forwarded-For": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"})
            statuses.add(Answer(connection.getresponse()).status)
        connection.close()
        expect("each address has guesses of its own", statuses == {401}, statuses)
        expect("whoever has a key is served", send(agent, X_API_Key="alices-long-secret-key").status == 200, "")


def endless_keys(directory):
    """An issuer whose set of keys has no end, or redirects."""
    sent = {"endless": 0}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/redirect":
                self.send_response(302)
                self.send_header("Location", "/keys")
                self.end_headers()
                return
            if self.path == "/keys":
                sent["followed"] = True
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(100):
                    self.wfile.write(b" " * 1000000)
                    sent["endless"] += 1000000

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    token = Key(directory, "ES256", "e").token({"iss": ISSUER, "sub": "alice", "exp": int(time.time()) + 3600})
    for path in ("/endless", "/redirect"):
        with AgentProcess(PROGRAM, JWT_JWKS_URL=url + path, JWT_ISSUER=ISSUER, JWT_ALLOW_HTTP="true") as agent:
            answer = send(agent, Authorization="Bearer " + token)
            expect(f"{path}: nobody can be judged", answer.status == 503, answer)
            expect("the others are served", call(agent, "GET", "/health").status == 200, "")
    expect("an endless answer is cut off", sent["endless"] < 30e6, sent)
    expect("no redirect is followed", "followed" not in sent, sent)
    server.shutdown()


def reloads(directory):
    """SIGHUP again and again while calls are under way: each is answered, and the last keys are the valid ones."""
    path = os.path.join(directory, "reloaded")
    write(path, "alice alices-long-secret-key\n")
    audit = os.path.join(directory, "reloads-audit")
    with AgentProcess(PROGRAM, API_KEYS_FILE=path, AUDIT_LOG=audit) as agent:
        done = threading.Event()

        def load():
            statuses = set()
            connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=TIMEOUT)
            while not done.is_set():
                connection.request("GET", "/tasks/none", headers={"A2A-Version": "1.0", "X-API-Key": "alices-long-secret-key"})
                statuses.add(Answer(connection.getresponse()).status)
            connection.close()
            return statuses

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            loads = [pool.submit(load) for _ in range(4)]
            for n in range(RELOADS):
                fresh = path + ".new"
                write(fresh, f"alice alices-long-secret-key\nbob bobs-long-secret-key-{n:03}\n")
                os.replace(fresh, path)
                os.kill(agent.process.pid, signal.SIGHUP)
            # The newest signal may have been one with those before it, but a reload follows the last one.
            while send(agent, X_API_Key=f"bobs-long-secret-key-{RELOADS - 1:03}").status != 200:
                agent.wait_for(r" reloaded ")
            done.set()
            for one in loads:
                expect("calls during reloads", one.result() == {404}, one.result())
        former = send(agent, X_API_Key="bobs-long-secret-key-000").status  # 429 after many wrong ones
        expect("former keys are gone", former in (401, 429), former)
    lines = [line for line in all_lines(agent) if "not reloaded" in line]
    expect("no reload has failed", lines == [], lines)
    checked = subprocess.run([ARGUMENTS.a2akit, "check", "--audit-log", audit], capture_output=True, text=True, timeout=TIMEOUT)
    expect("the audit log is one chain", checked.returncode == 0, checked)


def main():
    with tempfile.TemporaryDirectory() as directory:
        names(directory)
        if ARGUMENTS.engine == "memory":  # the rest does not depend on it
            forged_addresses(directory)
            endless_keys(directory)
            reloads(directory)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
