#!/usr/bin/env python3
"""Starts one example on a free port, talks to it as its reader would, and checks what it says.

usage: run_example.py PROGRAM NAME
"""
import base64
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request


class Agent:
    def __init__(self, program):
        self.lines = []
        self.listening = threading.Event()
        self.url = None
        self.process = subprocess.Popen([program], env={**os.environ, "A2AKIT_PORT": "0"}, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.listening.wait(30) or self.url is None:
            raise SystemExit("the example did not say where it listens:\n" + "".join(self.lines))

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found and self.url is None:
                self.url = found.group(0)
                self.listening.set()
        self.listening.set()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.reader.join(10)
        assert status == 0, f"the example ended with {status}:\n" + "".join(self.lines)

    def request(self, method, params, headers=None, accept="application/json"):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        return urllib.request.Request(self.url + "/", body, {"Content-Type": "application/json", "Accept": accept,
                                                            "A2A-Version": "1.0", **(headers or {})})

    def call(self, method, params, headers=None):
        with urllib.request.urlopen(self.request(method, params, headers), timeout=30) as answer:
            return json.load(answer)

    def send(self, parts, headers=None, configuration=None, **message):
        if isinstance(parts, str):
            parts = [{"text": parts}]
        params = {"message": {"messageId": "m1", "role": "ROLE_USER", "parts": parts, **message}}
        if configuration:
            params["configuration"] = configuration
        return self.call("SendMessage", params, headers)["result"]["task"]

    def stream(self, text):
        params = {"message": {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": text}]}}
        request = self.request("SendStreamingMessage", params, accept="text/event-stream")
        with urllib.request.urlopen(request, timeout=30) as answer:
            for line in answer:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])["result"]


def state(task):
    return task["status"]["state"]


def text_of(parts):
    return "".join(part.get("text", "") for part in parts)


def answer(task):
    return text_of(task["artifacts"][0]["parts"])


def question(task):
    return text_of(task["status"]["message"]["parts"])


def check_echo(agent):
    task = agent.send("hello")
    assert state(task) == "TASK_STATE_COMPLETED", task
    assert answer(task) == "Echo: hello", task


def check_streaming(agent):
    events = list(agent.stream("one two three"))
    assert "task" in events[0], events
    chunks = [text_of(e["artifactUpdate"]["artifact"]["parts"]) for e in events if "artifactUpdate" in e]
    assert chunks == ["one ", "two ", "three "], chunks
    assert state(events[-1]["statusUpdate"]) == "TASK_STATE_COMPLETED", events[-1]


def check_multi_turn_form(agent):
    task = agent.send("I want to travel")
    assert state(task) == "TASK_STATE_INPUT_REQUIRED" and question(task) == "Where would you like to go?", task
    task = agent.send("Lisbon", taskId=task["id"])
    assert state(task) == "TASK_STATE_INPUT_REQUIRED" and "Lisbon" in question(task), task
    task = agent.send("Friday", taskId=task["id"])
    assert state(task) == "TASK_STATE_COMPLETED" and answer(task) == "Booked: Lisbon on Friday.", task


def check_blocking_worker(agent):
    assert answer(agent.send("97")) == "97 is a prime."
    assert answer(agent.send("91")) == "91 is divisible by 7."
    assert state(agent.send("many")) == "TASK_STATE_REJECTED"


def check_cancellable_job(agent):
    events = agent.stream("go")
    task = next(events)["task"]
    for event in events:
        if "message" in event.get("statusUpdate", {}).get("status", {}):
            break
    canceled = agent.call("CancelTask", {"id": task["id"]})["result"]
    assert state(canceled) == "TASK_STATE_CANCELED", canceled
    assert [state(e["statusUpdate"]) for e in events if "statusUpdate" in e][-1] == "TASK_STATE_CANCELED"


def check_middleware_secret(agent):
    task = agent.send("go", {"X-Api-Key": "alice-key", "X-Backend-Token": "very-secret"})
    assert answer(task) == "alice called the back end with a token of 11 characters.", task
    assert "very-secret" not in json.dumps(task)
    try:
        agent.send("go")
        raise AssertionError("a request without a key was answered")
    except urllib.error.HTTPError as refused:
        assert refused.code == 401, refused.code
        assert refused.headers["WWW-Authenticate"], refused.headers
    agent.stop()
    assert "very-secret" not in "".join(agent.lines)


def check_hooks(agent):
    task = agent.send("hello")
    agent.stop()
    audit = [line.split()[2] for line in agent.lines if line.startswith("audit " + task["id"])]
    assert audit == ["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", "TASK_STATE_COMPLETED"], audit


def check_dependencies(agent):
    assert answer(agent.send("thanks")) == "merci"
    assert state(agent.send("unheard of")) == "TASK_STATE_FAILED"


def check_output_modes(agent):
    task = agent.send("a b c", configuration={"acceptedOutputModes": ["application/json"]})
    assert task["artifacts"][0]["parts"][0]["data"] == {"words": 3}, task
    assert answer(agent.send("a b c", configuration={"acceptedOutputModes": ["text/*"]})) == "3 words"
    assert state(agent.send("a", configuration={"acceptedOutputModes": ["image/png"]})) == "TASK_STATE_REJECTED"


def check_parallel_calls(agent):
    data = agent.send("lamp")["artifacts"][0]["parts"][0]["data"]
    assert data == {"item": "lamp", "prices": {"near": 16, "far": 32, "slow": None}}, data
    assert state(agent.send("nothing")) == "TASK_STATE_FAILED"


def check_several_agents(agent):
    def get(url):
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.load(response)

    answers = {}
    for entry in get(agent.url + "/.well-known/ai-catalog.json")["entries"]:
        agent.url = entry["url"].removesuffix("/.well-known/agent-card.json")
        answers[get(entry["url"])["name"]] = answer(agent.send("hello"))
    assert answers == {"Shouter": "HELLO", "Counter": "5 bytes"}, answers


def check_files(agent):
    raw = base64.b64encode(b"small letters").decode()
    task = agent.send([{"raw": raw, "filename": "a.txt", "mediaType": "text/plain"}])
    capitals, original = (artifact["parts"][0] for artifact in task["artifacts"])
    assert base64.b64decode(capitals["raw"]) == b"SMALL LETTERS" and capitals["filename"] == "capitals-a.txt", task
    assert original["url"] == "https://files.example.com/a.txt", task
    assert state(agent.send("no file")) == "TASK_STATE_INPUT_REQUIRED"


def check_direct_reply(agent):
    message = {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": "hello"}]}
    reply = agent.call("SendMessage", {"message": message})["result"]
    assert text_of(reply["message"]["parts"]).startswith("You are welcome."), reply
    assert answer(agent.send("the moon")) == "Looked up: the moon"


def check_structured_output(agent):
    lines = [{"price": 3, "count": 2}, {"price": 1.5}]
    parts = agent.send([{"data": {"lines": lines}}])["artifacts"][0]["parts"]
    assert parts[0]["data"] == {"total": 7.5, "currency": "EUR"}, parts
    assert parts[1]["text"] == "The total is 7.5 EUR.", parts
    assert state(agent.send("no data")) == "TASK_STATE_INPUT_REQUIRED"
    assert state(agent.send([{"data": {"lines": 1}}])) == "TASK_STATE_FAILED"


def check_conversation(agent):
    first = agent.send("milk")
    assert answer(first) == "Noted. That makes 1.", first
    agent.send("bread", contextId=first["contextId"])
    assert answer(agent.send("list", contextId=first["contextId"])) == "- milk\n- bread\n"
    assert answer(agent.send("list")) == "No notes yet."


def check_agent_card(agent):
    with urllib.request.urlopen(agent.url + "/.well-known/agent-card.json", timeout=30) as answered:
        card = json.load(answered)
    assert card["provider"]["organization"] == "Weather Ltd" and card["skills"][0]["id"] == "forecast", card
    scheme = card["securitySchemes"]["key"]["apiKeySecurityScheme"]
    assert scheme["location"] == "header", scheme
    assert answer(agent.send("Oslo", {scheme["name"]: "demo-key"})) == "Tomorrow in Oslo: sunny."
    try:
        agent.send("Oslo")
        raise AssertionError("a request without a key was answered")
    except urllib.error.HTTPError as refused:
        assert refused.code == 401, refused.code
    asked = urllib.request.Request(agent.url + "/extendedAgentCard", headers={scheme["name"]: "demo-key", "A2A-Version": "1.0"})
    with urllib.request.urlopen(asked, timeout=30) as answered:
        extended = json.load(answered)
    assert [skill["id"] for skill in extended["skills"]] == ["forecast", "history"], extended


def check_wait_for_login(agent):
    task = agent.send("When am I free?")
    assert state(task) == "TASK_STATE_AUTH_REQUIRED", task
    request = agent.request("SubscribeToTask", {"id": task["id"]}, accept="text/event-stream")
    with urllib.request.urlopen(request, timeout=30) as lines:
        agent.process.stdin.write(task["id"] + "\n")
        agent.process.stdin.flush()
        events = [json.loads(line[5:])["result"] for line in lines if line.startswith(b"data:")]
    assert state(events[-1]["statusUpdate"]) == "TASK_STATE_COMPLETED", events
    assert answer(agent.call("GetTask", {"id": task["id"]})["result"]) == "You are free on Friday."


def check_checkpointed_job(agent):
    """Kills the agent in the middle of its job, and starts it again on the same data."""
    events = agent.stream("60")
    task = next(events)["task"]["id"]
    for event in events:
        message = event.get("statusUpdate", {}).get("status", {}).get("message")
        if message and text_of(message["parts"]) == "20 steps are done.":
            break
    agent.process.kill()
    agent.process.wait()
    again = Agent(agent.process.args[0])
    try:
        # The rest of the log, from the start to the end.
        request = again.request("SubscribeToTask", {"id": task}, {"Last-Event-ID": "0"}, "text/event-stream")
        with urllib.request.urlopen(request, timeout=30) as lines:
            log = [json.loads(line[5:])["result"] for line in lines if line.startswith(b"data:")]
        assert state(log[-1]["statusUpdate"]) == "TASK_STATE_COMPLETED", log[-1]
        report = answer(again.call("GetTask", {"id": task})["result"])
        found = re.fullmatch(r"60 steps; run 2 went on after step (\d+)\.", report)
        assert found and 20 <= int(found.group(1)) < 60, report
        again.stop()
    finally:
        if again.process.poll() is None:
            again.process.kill()


def check_notifying(agent):
    """The webhook hears of every step, in order."""
    got, ended = [], threading.Event()

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            if got[-1].get("statusUpdate", {}).get("status", {}).get("state") == "TASK_STATE_COMPLETED":
                ended.set()

        def log_message(self, *_):
            pass

    webhook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=webhook.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{webhook.server_address[1]}/"
    task = agent.send("a letter", configuration={"returnImmediately": True, "taskPushNotificationConfig": {"url": url}})
    assert ended.wait(30), got
    states = [event["statusUpdate"]["status"]["state"] for event in got if "statusUpdate" in event]
    assert states[0] == "TASK_STATE_SUBMITTED" and states[-1] == "TASK_STATE_COMPLETED", states
    assert all(event["statusUpdate"]["taskId"] == task["id"] for event in got if "statusUpdate" in event), got
    assert "Delivered: a letter" in json.dumps(got), got
    webhook.shutdown()


def check_webhook_receiver(agent):
    """Without a secret it believes everybody, but a repeat is shown once."""
    event = {"statusUpdate": {"taskId": "t1", "contextId": "c", "status": {"state": "TASK_STATE_WORKING"}}}
    for _ in range(2):
        request = urllib.request.Request(agent.url, json.dumps(event).encode(), {"webhook-id": "msg_1"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 204, answer.status
    try:
        urllib.request.urlopen(urllib.request.Request(agent.url, b"{}"), timeout=30)
        raise AssertionError("what is no event was believed")
    except urllib.error.HTTPError as error:
        assert error.code == 401, error.code
    agent.stop()
    assert agent.lines.count("t1 TASK_STATE_WORKING\n") == 1, agent.lines


def main():
    program, name = sys.argv[1:]
    data = tempfile.TemporaryDirectory(prefix="a2akit-example-")
    if name == "checkpointed_job":
        os.environ["A2AKIT_DATA_DIR"] = data.name
    if name == "notifying":
        os.environ.update(A2AKIT_PUSH_ALLOW_HTTP="true", A2AKIT_PUSH_ALLOW_NETWORKS="127.0.0.0/8")
    agent = Agent(program)
    try:
        globals()["check_" + name](agent)
        if agent.process.poll() is None:
            agent.stop()
    finally:
        if agent.process.poll() is None:
            agent.process.kill()


if __name__ == "__main__":
    main()
