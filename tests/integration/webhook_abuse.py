#!/usr/bin/env python3
"""Webhooks that hang, trickle, redirect, answer without end, hang up or have a wrong certificate: each is a dead letter with a
reason, no other webhook waits for it, and nothing is lost.

usage: webhook_abuse.py PROGRAM   (PROGRAM is examples/notifying.cpp)
"""
import json
import os
import ssl
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_calls import call
from agent_process import AgentProcess
from certificates import Authority
from raw_server import RawServer, read_request

PROGRAM = sys.argv[1]
TOKEN, ADMIN = "a-token-for-nobody-else", "an-operators-token-1"
WITHIN_S = 60
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


class Receiver:
    """Answers each request as `misbehave` says, and properly once it is mended."""

    def __init__(self, misbehave, tls=None):
        self.misbehave = misbehave
        self.mended = misbehave is None
        self.ended = threading.Event()  # it was told, properly, that its task has ended
        self.paths, self.sent = [], 0
        self.server = RawServer(self.serve, tls)
        self.url = self.server.url + "/hook"

    def serve(self, connection):
        if self.misbehave is hang_up and not self.mended:
            return
        while (request := read_request(connection)) is not None:
            head, body = request
            self.paths.append(head.split(b" ")[1].decode())
            if not self.mended:
                return self.misbehave(self, connection)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            if b"TASK_STATE_COMPLETED" in body:
                self.ended.set()

    def send(self, connection, data):
        connection.sendall(data)
        self.sent += len(data)


def hang(_, connection):
    connection.recv(1)


def trickle(receiver, connection):
    receiver.send(connection, b"HTTP/1.1 204 No Content\r\nX-Slow: ")
    while True:
        receiver.send(connection, b"x")
        threading.Event().wait(0.05)


def redirect(receiver, connection):
    receiver.send(connection, b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")


def gigabyte(receiver, connection):
    receiver.send(connection, b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(1000):
        receiver.send(connection, b"x" * 1000000)


def endless_head(receiver, connection):
    receiver.send(connection, b"HTTP/1.1 204 No Content\r\n")
    for _ in range(1000):
        receiver.send(connection, b"X-Filler: " + b"x" * 1000000 + b"\r\n")


def hang_up(*_):
    """Before the request is read: see `serve`."""


def half_an_answer(receiver, connection):
    receiver.send(connection, b"HTTP/1.1 2")


def garbage(receiver, connection):
    receiver.send(connection, b"\x00\x01\x02 220 smtp.example ESMTP\r\n\r\n")


def never(*_):
    """No request may come through a connection that cannot be trusted."""


def dead_letters(agent):
    return call(agent, "GET", "/admin/push-dead-letters", Authorization="Bearer " + ADMIN).json()["deadLetters"]


def wait_until(condition, what):
    """Looks again and again, as dead letters are not announced."""
    for _ in range(WITHIN_S * 10):
        if condition():
            return
        threading.Event().wait(0.1)
    raise SystemExit(f"not within {WITHIN_S} s: {what}")


def memory_of(agent):
    with open(f"/proc/{agent.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    with tempfile.TemporaryDirectory() as directory:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*Authority(directory, "unknown").issue("hook"))
        bad = {one.__name__: Receiver(one) for one in (hang, trickle, redirect, gigabyte, endless_head, hang_up, half_an_answer,
                                                       garbage)}
        bad["unknown_authority"] = Receiver(never, context)
        plain = Receiver(never)
        plain.url = plain.url.replace("http:", "https:")
        bad["no_tls"] = plain
        good = Receiver(None)
        with AgentProcess(PROGRAM, PUSH_ALLOW_HTTP="true", PUSH_ALLOW_NETWORKS="127.0.0.0/8", PUSH_TIMEOUT="5", PUSH_MAX_RETRIES="1",
                          PUSH_RETRY_DELAY="0.05", ADMIN_TOKEN=ADMIN, LOG_LEVEL="debug") as agent:
            before = memory_of(agent)
            tasks = {}
            for name, receiver in [*bad.items(), ("good", good)]:
                config = {"id": name, "url": receiver.url, "token": TOKEN}
                sent = call(agent, "POST", "/message:send", {
                    "message": {"messageId": name, "role": "ROLE_USER", "parts": [{"text": name}]},
                    "configuration": {"taskPushNotificationConfig": config}})
                tasks[name] = sent.json()["task"]["id"]
            expect("the good one is told meanwhile", good.ended.wait(WITHIN_S), good.paths)
            wait_until(lambda: len(dead_letters(agent)) == len(bad), "all bad ones are dead letters")
            letters = {letter["configId"]: letter for letter in dead_letters(agent)}
            for name, receiver in bad.items():
                letter = letters[name]
                expect(f"{name}: whose it is", letter["taskId"] == tasks[name] and letter["delivered"] == 0, letter)
                expect(f"{name}: the reason", len(letter["reason"]) > 10 and "memory" not in letter["reason"] and
                       receiver.url not in letter["reason"], letter)
                expect(f"{name}: bytes taken", receiver.sent < 32e6, receiver.sent)
                expect(f"{name}: no redirect is followed", "/elsewhere" not in receiver.paths, receiver.paths)
                expect(f"{name}: what is asked", receiver.misbehave is not never or receiver.paths == [], receiver.paths)
            expect("memory", memory_of(agent) - before < 256e6, memory_of(agent) - before)
            mended = {name: receiver for name, receiver in bad.items() if receiver.misbehave is not never}
            for name, receiver in mended.items():
                receiver.mended = True
                answer = call(agent, "POST", f"/admin/push-dead-letters/{letters[name]['id']}:redrive",
                              Authorization="Bearer " + ADMIN)
                expect(f"{name}: it is redriven", answer.status == 200, answer)
            for name, receiver in mended.items():
                expect(f"{name}: nothing was lost", receiver.ended.wait(WITHIN_S), receiver.paths)
            left = {letter["configId"] for letter in dead_letters(agent)}
            expect("what can't be trusted stays a dead letter", left == bad.keys() - mended.keys(), left)
        log = "".join(agent.lines)
        expect("no secrets in the log", TOKEN not in log, log)
        for name, letter in letters.items():
            print(name, json.dumps(letter["reason"]))
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
