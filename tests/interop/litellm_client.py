"""`a2akit serve --openai` in front of a LiteLLM proxy, whose answers are mocked: litellm_client.py PROGRAM"""
import os
import pathlib
import sys
import tempfile

from model_server import ModelServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from served import Served, state_of, status_text, text_of  # noqa: E402

PROGRAM = sys.argv[1]
KEY = "sk-litellm-test"
CONFIG = f"""
model_list:
  - model_name: mocked
    litellm_params: {{model: openai/any, api_key: none, mock_response: "This is a mocked answer."}}
  - model_name: broken
    litellm_params: {{model: openai/any, api_key: none, mock_response: "litellm.InternalServerError"}}
  - model_name: scripted
    litellm_params: {{model: scripted/any}}
litellm_settings:
  num_retries: 0
  custom_provider_map:
    - {{provider: scripted, custom_handler: scripted.handler}}
general_settings: {{master_key: {KEY}}}
"""
# A provider of LiteLLM that repeats what it was asked, and after "wait" does not end its answer.
SCRIPTED = """
import asyncio
import litellm

class Scripted(litellm.CustomLLM):
    async def astreaming(self, *_, messages, **__):
        def chunk(text, finish=""):
            return {"finish_reason": finish, "index": 0, "is_finished": bool(finish), "text": text, "tool_use": None,
                    "usage": None}
        for message in messages:
            yield chunk(f"[{message['role']}: {message['content']}]")
        if messages[-1]["content"] == "wait":
            try:
                await asyncio.Event().wait()
            finally:
                print("given up", flush=True)
        yield chunk("", "stop")

handler = Scripted()
"""


def served(url, model, *arguments, key=KEY):
    return Served(PROGRAM, "--openai", url, "--model", model, "--model-timeout", "400", *arguments,
                  environment={"OPENAI_API_KEY": key})


def check_answers(url):
    with served(url, "mocked") as agent:
        events = list(agent.stream("hello"))
        chunks = [event["artifactUpdate"]["artifact"]["parts"][0]["text"] for event in events if "artifactUpdate" in event]
        assert "".join(chunks) == "This is a mocked answer.", events
        assert state_of(events[-1]["statusUpdate"]) == "COMPLETED", events
        assert text_of(agent.send("hello")) == "This is a mocked answer."


def check_conversation(url):
    with served(url, "scripted", "--system", "Be brief.") as agent:
        first = agent.send("one")
        assert text_of(first) == "[system: Be brief.][user: one]", first
        second = agent.send("two", contextId=first["contextId"])
        assert text_of(second) == f"[system: Be brief.][user: one][assistant: {text_of(first)}][user: two]", second


def check_failures(url):
    with served(url, "broken") as agent:
        failed = agent.send("hello")
        assert state_of(failed) == "FAILED" and "status 500: litellm.InternalServerError" in status_text(failed), failed
    with served(url, "unknown") as agent:
        failed = agent.send("hello")
        assert state_of(failed) == "FAILED" and "Invalid model name" in status_text(failed), failed
    with served(url, "mocked", key="sk-wrong") as agent:
        refused = agent.send("hello")  # without a database, LiteLLM takes a wrong key for one that it cannot look up
        assert state_of(refused) == "FAILED" and "status 400: No connected db" in status_text(refused), refused


def check_cancel(url, proxy):
    with served(url, "scripted") as agent:
        for event in agent.stream("wait"):
            if "artifactUpdate" in event:
                assert state_of(agent.cancel(event["artifactUpdate"]["taskId"])) == "CANCELED"
        assert state_of(event["statusUpdate"]) == "CANCELED", event
        proxy.wait_for("given up")


def main():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "config.yaml").write_text(CONFIG)
        pathlib.Path(folder, "scripted.py").write_text(SCRIPTED)
        # It loads no list of prices from the network.
        environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
        command = [pathlib.Path(sys.executable).with_name("litellm"), "--config", "config.yaml", "--host", "127.0.0.1",
                   "--port", "0"]
        with ModelServer(command, cwd=folder, env=environment) as proxy:
            url = proxy.wait_for(r"running on (http://127.0.0.1:\d+)").group(1)
            check_answers(url)
            check_conversation(url)
            check_failures(url)
            check_cancel(url, proxy)
    print("LiteLLM's answers are an agent's")


main()
