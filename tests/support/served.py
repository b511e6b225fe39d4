"""`a2akit serve` as a process of a test's own, and its HTTP+JSON interface."""
import http.client
import json
import os
import re
import signal
import subprocess
import urllib.parse


class Served:
    """A server on a free port, until `stop` or the end of a with block."""

    def __init__(self, program, *arguments, environment=None, directory=None):
        # The answer to a cancel says that the task is cancelled if its handler ends by then, however busy the machine is.
        settings = {"A2AKIT_CANCEL_WAIT": "60", **(environment or {})}
        self.process = subprocess.Popen([program, "serve", "--port", "0", *arguments], stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **settings}, cwd=directory)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"listening url=(\S+)", line):
                self.url = found.group(1)
                return
        raise AssertionError(f"the server did not start: {''.join(self.said)}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, rest

    def call(self, method, path, body=None, headers=None):
        """The status and the parsed body."""
        connection, path = self.connection(path)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json", "A2A-Version": "1.0", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def connection(self, path):
        at = urllib.parse.urlsplit(self.url)
        return http.client.HTTPConnection(at.hostname, at.port, timeout=60), at.path + path

    def send(self, text, **message):
        """The task at the end of its turn."""
        status, answer = self.call("POST", "/message:send", {"message": user_message(text, **message)})
        assert status == 200, answer
        return answer["task"]

    def stream(self, text):
        """The events of a streaming send, as they come."""
        return self.events("POST", "/message:stream", {"message": user_message(text)})

    def events(self, method, path, body=None):
        """The events of any call that streams, as they come."""
        connection, path = self.connection(path)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json", "A2A-Version": "1.0"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
        connection.close()

    def cancel(self, task_id):
        status, answer = self.call("POST", f"/tasks/{task_id}:cancel", {})
        assert status == 200, answer
        return answer


def user_message(text, **more):
    return {"messageId": os.urandom(8).hex(), "role": "ROLE_USER", "parts": [{"text": text}], **more}


def state_of(task):
    return task["status"]["state"].removeprefix("TASK_STATE_")


def text_of(task):
    """The text of all artifacts."""
    return "".join(part.get("text", "") for artifact in task.get("artifacts", []) for part in artifact["parts"])


def status_text(task):
    return "".join(part.get("text", "") for part in task["status"].get("message", {}).get("parts", []))
