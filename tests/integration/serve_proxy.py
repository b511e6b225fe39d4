#!/usr/bin/env python3
"""Runs `a2akit serve --proxy` in front of other agents.

usage: serve_proxy.py PROGRAM   (the a2akit executable)
"""
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from served import Served, state_of, status_text, text_of  # noqa: E402

PROGRAM = str(Path(sys.argv[1]).resolve())

ASKING = r"""python3 -uc '
import json, sys
message = json.loads(sys.stdin.readline())
if message["text"] == "wait":
    print(json.dumps({"type": "artifact", "text": "begun"}))
    for line in sys.stdin:
        if json.loads(line)["type"] == "cancel":
            open("cancelled", "w").close()
            sys.exit(0)
elif message["text"] == "reject":
    print(json.dumps({"type": "reject", "text": "not this"}))
elif message.get("checkpoint") is None:
    print(json.dumps({"type": "status", "text": "thinking"}))
    print(json.dumps({"type": "input-required", "text": "How many?", "checkpoint": message["text"]}))
else:
    print(json.dumps({"type": "artifact", "artifactId": "a", "name": "n", "data": [message["checkpoint"], message["text"]]}))
    print(json.dumps({"type": "respond", "text": "done"}))'"""


def check_conversation():
    with tempfile.TemporaryDirectory() as folder, \
            Served(PROGRAM, "--protocol", "jsonl", "--shell", "--exec", ASKING, "--name", "asker", "--description", "Asks.",
                   directory=folder) as agent, \
            Served(PROGRAM, "--proxy", agent.url) as proxy:
        _, card = proxy.call("GET", "/.well-known/agent-card.json")
        assert (card["name"], card["description"]) == ("asker", "Asks."), card
        assert agent.url not in str(card), card
        asked = proxy.send("apples")
        assert (state_of(asked), status_text(asked)) == ("INPUT_REQUIRED", "How many?"), asked
        done = proxy.send("3", taskId=asked["id"], contextId=asked["contextId"])
        assert (state_of(done), status_text(done)) == ("COMPLETED", "done"), done
        assert done["artifacts"][0]["parts"][0]["data"] == ["apples", "3"], done
        assert done["artifacts"][0]["name"] == "n", done
        _, theirs = agent.call("GET", "/tasks")
        assert len(theirs["tasks"]) == 1 and theirs["tasks"][0]["id"] != done["id"], theirs
        refused = proxy.send("reject")
        assert (state_of(refused), status_text(refused)) == ("REJECTED", "not this"), refused
        events = list(proxy.stream("pears"))
        assert any("thinking" in str(event) for event in events), events


def check_cancel():
    with tempfile.TemporaryDirectory() as folder, \
            Served(PROGRAM, "--protocol", "jsonl", "--shell", "--exec", ASKING, directory=folder) as agent, \
            Served(PROGRAM, "--proxy", agent.url) as proxy:
        for event in proxy.stream("wait"):
            if "artifactUpdate" in event:
                assert state_of(proxy.cancel(event["artifactUpdate"]["taskId"])) == "CANCELED"
                break
        assert Path(folder, "cancelled").exists()
        _, theirs = agent.call("GET", "/tasks")
        assert [state_of(task) for task in theirs["tasks"]] == ["CANCELED"], theirs


def check_contexts():
    """The messages of a conversation stay together over there, and only they."""
    with Served(PROGRAM, "--exec", "printenv A2A_CONTEXT_ID") as agent, Served(PROGRAM, "--proxy", agent.url) as proxy:
        first = proxy.send("x")
        again = proxy.send("x", contextId=first["contextId"])
        other = proxy.send("x")
        assert text_of(first) == text_of(again) != text_of(other), (first, again, other)


def check_failures():
    with Served(PROGRAM, "--exec", "sh -c 'echo some; echo no luck >&2; exit 1'") as agent, \
            Served(PROGRAM, "--proxy", agent.url) as proxy:
        task = proxy.send("x")
        assert (state_of(task), text_of(task)) == ("FAILED", "some") and "no luck" in status_text(task), task
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        with Served(PROGRAM, "--proxy", f"http://127.0.0.1:{taken.getsockname()[1]}") as proxy:
            task = proxy.send("x")
            assert (state_of(task), status_text(task)) == ("FAILED", "the other agent cannot be reached"), task


def check_restart():
    """A run after a crash of the proxy goes on with the other agent's task."""
    with tempfile.TemporaryDirectory() as folder:
        gate = Path(folder, "gate")
        os.mkfifo(gate)
        with Served(PROGRAM, "--shell", "--exec", f"echo first; read go < {gate}; echo second") as agent:
            arguments = ("--proxy", agent.url, "--data-dir", folder, "--lease", "0.5")
            proxy = Served(PROGRAM, *arguments)
            for event in proxy.stream("x"):
                if "artifactUpdate" in event:
                    task_id = event["artifactUpdate"]["taskId"]
                    break
            proxy.process.send_signal(signal.SIGKILL)
            proxy.process.communicate()
            with Served(PROGRAM, *arguments) as again:
                gate.write_text("go\n")
                for event in again.events("POST", f"/tasks/{task_id}:subscribe"):
                    pass
                _, task = again.call("GET", f"/tasks/{task_id}")
                assert (state_of(task), text_of(task)) == ("COMPLETED", "first\nsecond"), task
            _, theirs = agent.call("GET", "/tasks")
            assert len(theirs["tasks"]) == 1, theirs


check_conversation()
check_cancel()
check_contexts()
check_failures()
check_restart()
print("other agents are agents")
