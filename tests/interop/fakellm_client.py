"""`a2akit serve --openai` in front of fakellm, an OpenAI-compatible server of others: fakellm_client.py PROGRAM"""
import pathlib
import sys
import tempfile

from model_server import ModelServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from served import Served, state_of, status_text, text_of  # noqa: E402

PROGRAM = sys.argv[1]
RULES = """version: 1
rules:
  - name: capital
    when: {messages_contain: "capital", model_matches: "small-*", turn: 1}
    respond: {content: "The capital is Lisbon, in case you wondered."}
  - name: again
    when: {previous_message_contains: "Lisbon"}
    respond: {content: "As I said."}
  - name: tool
    when: {messages_contain: "search"}
    respond: {tool_calls: [{name: web_search, arguments: {query: "x"}}]}
"""


def main():
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder, "rules.yaml")
        rules.write_text(RULES)
        fakellm = pathlib.Path(sys.executable).with_name("fakellm")
        with ModelServer([fakellm, "serve", "--port", "0", "--config", rules], cwd=folder) as model:
            url = model.wait_for(r"running on (http://127.0.0.1:\d+)").group(1)
            with Served(PROGRAM, "--openai", url, "--model", "small-1", environment={"OPENAI_API_KEY": "any"}) as agent:
                check(agent)
    print("fakellm's answers are an agent's")


def check(agent):
    first = agent.send("What is the capital?")
    assert text_of(first) == "The capital is Lisbon, in case you wondered.", first
    again = agent.send("Pardon?", contextId=first["contextId"])
    assert text_of(again) == "As I said.", again
    events = list(agent.stream("Tell me the capital once more"))
    assert state_of(events[-1]["statusUpdate"]) == "COMPLETED", events
    tool = agent.send("search for it")
    assert state_of(tool) == "FAILED" and "asks for a tool" in status_text(tool), tool


main()
