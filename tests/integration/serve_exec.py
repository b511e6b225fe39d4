#!/usr/bin/env python3
"""Runs `a2akit serve --exec` as its users do, with the examples of docs/guides/exec-protocol.md among them.

usage: serve_exec.py PROGRAM   (the a2akit executable)
"""
import base64
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
from served import Served, state_of, status_text, text_of  # noqa: E402

PROGRAM = str(Path(sys.argv[1]).resolve())


def refused(*arguments):
    """What is said about a command line that is not served."""
    ran = subprocess.run([PROGRAM, "serve", "--port", "0", *arguments], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2 and not ran.stdout, ran
    assert ran.stderr.startswith("Error: ") and ran.stderr.endswith("Hint: a2akit serve --help\n"), ran.stderr
    return ran.stderr


def check_text():
    with Served(PROGRAM, "--exec", "tr a-z A-Z", "--description", "Shouts.", "--name", "shout") as agent:
        assert text_of(agent.send("hello")) == "HELLO"
        _, card = agent.call("GET", "/.well-known/agent-card.json")
        assert (card["name"], card["description"]) == ("shout", "Shouts."), card
    with Served(PROGRAM, "--exec", "sort | uniq -c | sort -rn", "--shell") as agent:
        assert text_of(agent.send("b\na\nb")).split() == ["2", "b", "1", "a"]
        _, card = agent.call("GET", "/.well-known/agent-card.json")
        assert (card["name"], "uniq" in str(card)) == ("sort", False), card
    with Served(PROGRAM, "--exec", "KEY=secret env", "--shell") as agent:
        assert "secret" not in str(agent.call("GET", "/.well-known/agent-card.json"))
    with Served(PROGRAM, "--exec", "printf %s '$(reboot) `x` *'") as agent:
        assert text_of(agent.send("ignored")) == "$(reboot) `x` *"
    with Served(PROGRAM, "--echo") as agent:
        assert text_of(agent.send("as it is\n")) == "as it is\n"


def check_limits():
    with Served(PROGRAM, "--exec", "yes", "--max-output", "1000") as agent:
        task = agent.send("x")
        assert (state_of(task), status_text(task)) == ("FAILED", "the command wrote more than 1000 bytes"), task
    with Served(PROGRAM, "--exec", "sleep 1000", "--timeout", "0.1") as agent:
        assert status_text(agent.send("x")) == "the command ran for longer than 100 ms"
    with Served(PROGRAM, "--exec", "head -c 500000000 /dev/zero | tail", "--shell", "--memory", "50000000") as agent:
        task = agent.send("x")
        assert state_of(task) == "FAILED" and "memory" in status_text(task), task


def check_environment():
    with Served(PROGRAM, "--exec", "env", "--env", "SHOWN", "--env", "GIVEN=as given",
                environment={"SHOWN": "yes", "A_SECRET": "no", "LC_ALL": "C"}) as agent:
        seen = dict(line.split("=", 1) for line in text_of(agent.send("x", contextId="ctx-1")).splitlines())
        assert (seen["SHOWN"], seen["GIVEN"], seen["LC_ALL"]) == ("yes", "as given", "C"), seen
        assert seen["A2A_CONTEXT_ID"] == "ctx-1" and "A_SECRET" not in seen, seen


def check_refusals():
    assert 'exec: there is no program "no-such-program" that can be run' in refused("--exec", "no-such-program")
    assert "use --shell" in refused("--exec", "a | b")
    assert "only one of exec, openai, proxy and echo" in refused("--exec", "cat", "--echo")
    assert "--exec CMD, --openai URL, --proxy URL or --echo" in refused()
    assert "--timeout: \"soon\" is not allowed; use a number of seconds" in refused("--exec", "cat", "--timeout", "soon")
    assert "--max-output" in refused("--exec", "cat", "--max-output", "-1")
    assert "--directory" in refused("--exec", "cat", "--directory", "/no/such/directory")
    assert "--protocol: \"xml\" is not allowed; use text or jsonl" in refused("--exec", "cat", "--protocol", "xml")


def check_stop():
    """A command that runs when the server is told to stop ends with it."""
    with tempfile.TemporaryDirectory() as folder:
        agent = Served(PROGRAM, "--drain-timeout", "0.1", "--shell",
                       "--exec", f"trap 'echo bye > {folder}/note; exit' TERM; echo ready; while :; do sleep 0.05; done")
        for event in agent.stream("x"):
            if "artifactUpdate" in event:
                break
        agent.stop()
        assert Path(folder, "note").read_text() == "bye\n"


def examples():
    guide = (ROOT / "docs/guides/exec-protocol.md").read_text()
    found = dict(re.findall(r"<!-- example: (\S+) -->\n```\w+\n(.*?)```", guide, re.S))
    assert set(found) == {"count.sh", "ticket.py", "watch.mjs"}, set(found)
    commands = dict(re.findall(r"`a2akit serve --protocol jsonl --exec '(\S+ (\S+))'`", guide))
    return found, {name: command for command, name in commands.items()}


def check_examples():
    scripts, commands = examples()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in scripts.items():
            Path(folder, name).write_text(text)

        def example(name):
            return Served(PROGRAM, "--protocol", "jsonl", "--exec", commands[name], directory=folder)

        with example("count.sh") as agent:
            events = list(agent.stream("x"))
            chunks = [e["artifactUpdate"]["artifact"]["parts"][0]["text"] for e in events if "artifactUpdate" in e]
            assert chunks == ["one ", "two ", "three "], events
            assert any("counting" in str(e) for e in events if "statusUpdate" in e), events
            assert state_of(events[-1]["statusUpdate"]) == "COMPLETED", events

        with example("ticket.py") as agent:
            asked = agent.send("Lisbon")
            assert (state_of(asked), status_text(asked)) == ("INPUT_REQUIRED", "Lisbon: for how many people?"), asked
            again = agent.send("many", taskId=asked["id"], contextId=asked["contextId"])
            assert (state_of(again), status_text(again)) == ("INPUT_REQUIRED", "As a number, please."), again
            done = agent.send("2", taskId=asked["id"], contextId=asked["contextId"])
            assert (state_of(done), status_text(done)) == ("COMPLETED", "Have a good journey!"), done
            file = done["artifacts"][0]["parts"][0]
            assert (file["filename"], base64.b64decode(file["raw"])) == ("ticket.txt", b"2 x Lisbon"), done

        if not shutil.which("node"):
            print("there is no node here: watch.mjs was not run")
            return
        with example("watch.mjs") as agent:
            for event in agent.stream("the door"):
                if "watching the door" in str(event.get("statusUpdate")):
                    task = event["statusUpdate"]["taskId"]
                    assert state_of(agent.cancel(task)) == "CANCELED"
                    break


def check_json_lines():
    def serve(script):
        return Served(PROGRAM, "--protocol", "jsonl", "--shell", "--exec", script)

    with serve("read -r m; echo '{\"type\":\"status\",\"text\":\"x\"}'; echo hello") as agent:
        task = agent.send("x")
        assert state_of(task) == "FAILED" and status_text(task).startswith("line 2 of the command's output is wrong:"), task
    with serve("echo '{\"type\":\"artifact\",\"text\":\"x\",\"metadata\":[1]}'") as agent:
        assert "line 1 of the command's output is wrong" in status_text(agent.send("x"))
    with serve("echo no reason given >&2; exit 7") as agent:
        assert status_text(agent.send("x")) == "the command ended with exit status 7: no reason given"
    with serve("printf '{\"type\":\"complete\",\"data\":{\"a\":1}}'") as agent:  # without a newline
        task = agent.send("x")
        assert task["artifacts"][0]["parts"][0]["data"] == {"a": 1}, task
    with serve("exit 0") as agent:
        assert state_of(agent.send("x")) == "COMPLETED"
    with serve("echo '{\"type\":\"reject\",\"text\":\"not me\"}'; sleep 1000") as agent:  # the end does not wait for it
        task = agent.send("x")
        assert (state_of(task), status_text(task)) == ("REJECTED", "not me"), task
    with serve("while :; do printf '{\"type\"'; done") as agent:  # one endless line
        assert "wrote more than 10485760 bytes" in status_text(agent.send("x"))
    parts_back = """python3 -c '
import json, sys
print(json.dumps({"type": "complete", "parts": json.loads(sys.stdin.readline())["parts"]}))'"""
    with serve(parts_back) as agent:
        file = {"raw": base64.b64encode(b"\x00\xff").decode(), "mediaType": "application/x-thing", "filename": "f"}
        status, answer = agent.call("POST", "/message:send",
                                    {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [file]}})
        assert status == 200 and answer["task"]["artifacts"][0]["parts"] == [file], answer


check_text()
check_limits()
check_environment()
check_refusals()
check_stop()
check_examples()
check_json_lines()
print("commands are agents")
