#!/usr/bin/env python3
"""Callers that are known by settings alone: names with passwords, tokens that their issuer is asked about, scopes.

usage: identities.py ECHO   (an agent that echoes)
"""
import base64
import os
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_calls import call, send, write
from agent_process import AgentProcess, refusal
from tokens import run

PROGRAM = sys.argv[1]
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def hash_of(password):
    return run("passwd", "-6", password).decode().strip()


def names_and_passwords(directory):
    path = os.path.join(directory, "users")
    write(path, f"alice:{hash_of('correct')}\nbob:{hash_of('horse')}\n")
    with AgentProcess(PROGRAM, BASIC_USERS_FILE=path) as agent:
        without = send(agent)
        expect("no password", without.status == 401 and without.headers["WWW-Authenticate"].startswith("Basic "), without)
        expect("a wrong password", send(agent, **basic("alice", "horse")).status == 401, "")
        sent = send(agent, **basic("alice", "correct"))
        expect("a password", sent.status == 200, sent)
        task = "/tasks/" + sent.json()["task"]["id"]
        expect("its task", call(agent, "GET", task, **basic("alice", "correct")).status == 200, "")
        expect("not for others", call(agent, "GET", task, **basic("bob", "horse")).status == 404, "")
        card = call(agent, "GET", "/.well-known/agent-card.json").json()
        expect("the card declares it", card["securitySchemes"]["basic"]["httpAuthSecurityScheme"]["scheme"] == "basic", card)
        write(path, f"bob:{hash_of('horse')}\n")
        agent.signal(signal.SIGHUP)
        agent.wait_for(r" reloaded ")
        expect("a reload takes a name away", send(agent, **basic("alice", "correct")).status == 401, "")
        statuses = [send(agent, **basic("bob", f"guess {i}")).status for i in range(40)]
        expect("guessing is slowed down", statuses[0] == 401 and statuses[-1] == 429, statuses)
    write(path, "alice:correct\n")
    said = refusal(PROGRAM, BASIC_USERS_FILE=path)
    expect("a password in the clear is refused", "A2AKIT_BASIC_USERS_FILE" in said and "correct" not in said, said)


def main():
    with tempfile.TemporaryDirectory() as directory:
        names_and_passwords(directory)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
