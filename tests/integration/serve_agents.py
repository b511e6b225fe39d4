#!/usr/bin/env python3
"""Runs several agents in one `a2akit serve`.

usage: serve_agents.py PROGRAM   (the a2akit executable)
"""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from served import Served, text_of, user_message  # noqa: E402

PROGRAM = str(Path(sys.argv[1]).resolve())

TWO = """
[agents.shout]
name = "Shouter"
exec = "tr a-z A-Z"

[agents.count]
exec = "wc -w"
"""


def refusal(text, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "serve.toml")
        file.write_text(text)
        ran = subprocess.run([PROGRAM, "serve", "--config", str(file), "--port", "0", *arguments], capture_output=True,
                             text=True, timeout=60)
        assert ran.returncode == 2, ran
        return ran.stderr


def check_agents():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "serve.toml")
        file.write_text(TWO)
        with Served(PROGRAM, "--config", str(file)) as server:
            def send(agent, text):
                status, answer = server.call("POST", f"/{agent}/message:send", {"message": user_message(text)})
                assert status == 200, answer
                return answer["task"]

            shouted = send("shout", "two words")
            assert text_of(shouted) == "TWO WORDS" and text_of(send("count", "two words")).strip() == "2"
            assert server.call("GET", f"/count/tasks/{shouted['id']}")[0] == 404  # is not its task
            _, card = server.call("GET", "/shout/.well-known/agent-card.json")
            assert card["name"] == "Shouter" and "/shout" in card["supportedInterfaces"][0]["url"], card
            _, catalog = server.call("GET", "/.well-known/ai-catalog.json")
            assert len(catalog["entries"]) == 2 and "Shouter" in str(catalog), catalog


def check_refusals():
    assert "--exec is for a single agent; serve.toml has several" in refusal(TWO, "--exec", "cat")
    assert "serve.toml:2: either the table [agent] or tables [agents.NAME]" in refusal("\n[agents.a]\necho = true\n[agent]\necho = true")
    assert "serve.toml:3: ech is not a setting of an agent; did you mean echo?" in refusal("[agents.a]\n\nech = true")
    assert "agents.a: " in refusal("[agents.a]\nexec = 'no-such-program'")
    assert "serve.toml:2: agents.a must be a table" in refusal("[agents]\na = 1")


check_agents()
check_refusals()
print("several agents are served")
