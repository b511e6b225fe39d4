#!/usr/bin/env python3
"""Runs `a2akit serve --openai` against a stand-in for the model's server, good and bad.

usage: serve_openai.py PROGRAM   (the a2akit executable)
"""
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from fake_openai import FakeOpenAi  # noqa: E402
from served import Served, state_of, status_text, text_of  # noqa: E402

PROGRAM = str(Path(sys.argv[1]).resolve())
KEY = "sk-test-0123456789"


def serve(url, *arguments, key=KEY):
    return Served(PROGRAM, "--openai", url, "--model", "small", *arguments, environment={"OPENAI_API_KEY": key})


def failure_of(agent, asked):
    task = agent.send(asked)
    assert state_of(task) == "FAILED", (asked, task)
    return status_text(task)


def check_answers():
    with FakeOpenAi() as model, serve(model.url, "--system", "Be brief.") as agent:
        events = list(agent.stream("hello there"))
        chunks = [e["artifactUpdate"]["artifact"]["parts"][0]["text"] for e in events if "artifactUpdate" in e]
        assert "".join(chunks) == "You said: hello there", events
        assert state_of(events[-1]["statusUpdate"]) == "COMPLETED", events
        headers, path, body = model.requests[0]
        assert headers["Authorization"] == f"Bearer {KEY}" and path == "/v1/chat/completions", (headers, path)
        assert (body["model"], body["stream"]) == ("small", True), body
        assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello there"}]
        assert text_of(agent.send("whole")) == "all of it"
        assert text_of(agent.send("open")) == "complete"  # the server does not close
        card = str(agent.call("GET", "/.well-known/agent-card.json"))
        assert KEY not in card and model.url not in card, card
    with FakeOpenAi() as model, serve(model.url, key="") as agent:
        agent.send("hello")
        assert "Authorization" not in model.requests[0][0], model.requests


def check_conversation():
    with FakeOpenAi() as model, serve(model.url, "--max-history", "60") as agent:
        first = agent.send("one")
        agent.send("two", contextId=first["contextId"])
        agent.send("elsewhere")
        sent = [[(m["role"], m["content"]) for m in body["messages"]] for _, _, body in model.requests]
        assert sent[1] == [("user", "one"), ("assistant", "You said: one"), ("user", "two")], sent
        assert sent[2] == [("user", "elsewhere")], sent
        assert state_of(agent.send("status 400", contextId=first["contextId"])) == "FAILED"  # is not remembered
        agent.send("x" * 40, contextId=first["contextId"])
        assert [m["content"] for m in model.requests[-1][2]["messages"]] == ["two", "You said: two", "x" * 40], model.requests


def check_refusals():
    with FakeOpenAi() as model, serve(model.url) as agent:
        assert failure_of(agent, "status 400") == "the model's server answered with status 400: because it is so"
        assert failure_of(agent, "status 500") == "the model's server answered with status 500: because it is so"
        assert failure_of(agent, "status 401") == "the model's server refuses the API key"
        assert failure_of(agent, "page 502") == "the model's server answered with status 502"
        model.refusals = 2
        asked = len(model.requests)
        assert text_of(agent.send("patience")) == "You said: patience"
        assert len(model.requests) == asked + 3
        model.refusals = 3
        assert failure_of(agent, "patience") == "the model's server answered with status 429: too many"
        assert len(model.requests) == asked + 6


def check_bad_answers():
    with FakeOpenAi() as model, serve(model.url) as agent:
        cut = agent.send("cut")
        assert (state_of(cut), text_of(cut)) == ("FAILED", "half of"), cut
        assert status_text(cut) == "the answer of the model's server was cut off", cut
        assert "something else than a chat completion" in failure_of(agent, "garbage")
        assert "something else than a chat completion" in failure_of(agent, "bytes")
        assert "reports an error: out of memory" in failure_of(agent, "error")
        assert "asks for a tool" in failure_of(agent, "tool")
        assert "content_filter" in failure_of(agent, "filter")
        for asked in ("endless", "line"):
            model.gone.clear()
            assert "the model's answer is longer than 10485760 bytes" in failure_of(agent, asked)
            assert model.gone.wait(30), "the request was not given up"


def check_silence():
    with FakeOpenAi() as model, serve(model.url, "--model-timeout", "0.3") as agent:
        stalled = agent.send("stall")
        assert (state_of(stalled), text_of(stalled)) == ("FAILED", "some"), stalled
        assert "does not answer" in failure_of(agent, "silent")
    with FakeOpenAi() as model, serve(model.url) as agent:
        for event in agent.stream("stall"):
            if "artifactUpdate" in event:
                assert state_of(agent.cancel(event["artifactUpdate"]["taskId"])) == "CANCELED"
                break
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        with serve(f"http://127.0.0.1:{taken.getsockname()[1]}") as agent:
            said = failure_of(agent, "x")
            assert "cannot be reached" in said and "127.0.0.1" not in said, said


def check_usage():
    def refused(*arguments):
        ran = subprocess.run([PROGRAM, "serve", *arguments], capture_output=True, text=True, timeout=60)
        assert ran.returncode == 2, ran
        return ran.stderr

    assert "model: is missing" in refused("--openai", "http://127.0.0.1:1")
    assert "http:// or https://" in refused("--openai", "localhost", "--model", "m")


check_answers()
check_conversation()
check_refusals()
check_bad_answers()
check_silence()
check_usage()
print("models are agents")
