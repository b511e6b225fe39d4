"""`a2akit serve --openai` in front of llama.cpp with a tiny random model: llama_client.py SERVER_SCRIPT PROGRAM"""
import json
import pathlib
import sys
import tempfile
import urllib.request

from model_server import ModelServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import tiny_model  # noqa: E402
from served import Served, state_of, status_text, text_of  # noqa: E402

SCRIPT, PROGRAM = sys.argv[1:]
PATIENT = ("--model-timeout", "400")


def ask(url, *messages):
    """What the model's server itself answers to a conversation, whose first message is the user's."""
    roles = ("user", "assistant")
    asked = {"model": "short", "messages": [{"role": roles[i % 2], "content": said} for i, said in enumerate(messages)]}
    request = urllib.request.Request(url + "/chat/completions", json.dumps(asked).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=400) as answer:
        events = [line[6:] for line in answer.read().decode().splitlines() if line.startswith("data: {")]
    return "".join(json.loads(event)["choices"][0]["delta"].get("content", "") for event in events)


def check_conversation(url):
    with Served(PROGRAM, "--openai", url, "--model", "short", *PATIENT) as agent:
        events = list(agent.stream("hello"))
        chunks = [event["artifactUpdate"]["artifact"]["parts"][0]["text"] for event in events if "artifactUpdate" in event]
        assert state_of(events[-1]["statusUpdate"]) == "COMPLETED", events
        assert "".join(chunks) == ask(url, "hello") and len("".join(chunks)) > 10, chunks
        first = agent.send("hello")
        assert text_of(first) == "".join(chunks), first
        second = agent.send("hello", contextId=first["contextId"])
        assert text_of(second) == ask(url, "hello", text_of(first), "hello"), second
        assert text_of(second) != text_of(first), "the model did not see the conversation"


def check_failure(url):
    with Served(PROGRAM, "--openai", url, "--model", "short", *PATIENT) as agent:
        failed = agent.send("word " * 2000)
        assert state_of(failed) == "FAILED", failed
        assert "status 400: " in status_text(failed) and "exceed the context of 1024" in status_text(failed), failed


def check_cancel(url, server):
    with Served(PROGRAM, "--openai", url, "--model", "endless", *PATIENT) as agent:
        words = 0
        for event in agent.stream("hello"):
            if "artifactUpdate" in event:
                words += 1
                if words == 5:
                    agent.cancel(event["artifactUpdate"]["taskId"])
        assert state_of(event["statusUpdate"]) == "CANCELED", event
        server.wait_for("the client has gone")


def main():
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder, "tiny.gguf")
        tiny_model.write(model, context_length=1024)
        with ModelServer(["node", SCRIPT, model]) as server:
            url = server.wait_for(r"listens on (\S+)").group(1)
            check_conversation(url)
            check_failure(url)
            check_cancel(url, server)
    print("llama.cpp's answers are an agent's")


main()
