"""The official OpenAI client against `a2akit serve --as-openai`: openai_client.py PROGRAM"""
import pathlib
import sys

import openai

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from served import Served  # noqa: E402

PROGRAM = sys.argv[1]


def check_answers():
    with Served(PROGRAM, "--as-openai", "--exec", "sed s/^/you:/", "--name", "parrot") as agent:
        client = openai.OpenAI(base_url=agent.url + "/v1", api_key="any", max_retries=0)
        assert [model.id for model in client.models.list()] == ["parrot"]
        ask = {"model": "parrot", "messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "hi\nthere"}]}
        answer = client.chat.completions.create(**ask)
        assert answer.choices[0].message.content == "you:hi\nyou:there", answer
        assert (answer.choices[0].finish_reason, answer.model, answer.object) == ("stop", "parrot", "chat.completion"), answer
        chunks = list(client.chat.completions.create(**ask, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "you:hi\nyou:there", chunks
        assert chunks[0].choices[0].delta.role == "assistant" and chunks[-1].choices[0].finish_reason == "stop", chunks


def check_failures():
    with Served(PROGRAM, "--as-openai", "--exec", "sh -c 'echo begun; echo no luck >&2; exit 1'") as agent:
        client = openai.OpenAI(base_url=agent.url + "/v1", api_key="any")
        ask = {"model": "x", "messages": [{"role": "user", "content": "hi"}]}
        try:
            raise AssertionError(client.chat.completions.create(**ask))
        except openai.UnprocessableEntityError as error:
            assert "no luck" in error.message, error
        words = []
        try:
            for chunk in client.chat.completions.create(**ask, stream=True):
                words.append(chunk.choices[0].delta.content or "")
            raise AssertionError(words)
        except openai.APIError as error:
            assert "no luck" in error.message and "".join(words) == "begun", (error, words)
        try:
            raise AssertionError(client.chat.completions.create(model="x", messages=[]))
        except openai.BadRequestError as error:
            assert "messages" in error.message, error


def check_conversations():
    with Served(PROGRAM, "--as-openai", "--exec", "printenv A2A_CONTEXT_ID") as agent:
        client = openai.OpenAI(base_url=agent.url + "/v1", api_key="any")
        ask = {"model": "x", "messages": [{"role": "user", "content": "hi"}]}
        told = client.chat.completions.create(**ask, extra_headers={"X-Conversation-Id": "talk-1"})
        assert told.choices[0].message.content == "talk-1", told
        assert client.chat.completions.create(**ask).choices[0].message.content not in ("", "talk-1")


def check_off():
    with Served(PROGRAM, "--echo") as agent:
        client = openai.OpenAI(base_url=agent.url + "/v1", api_key="any")
        try:
            raise AssertionError(client.models.list())
        except openai.NotFoundError:
            pass


check_answers()
check_failures()
check_conversations()
check_off()
print("the official OpenAI client gets its answers")
