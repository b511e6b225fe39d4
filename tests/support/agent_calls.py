"""Calls to an agent on loopback by protocol 1.0, for tests."""
import http.client
import json
import os

TIMEOUT = 60


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.text}"


def call(agent, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=TIMEOUT)
    fields = {"A2A-Version": "1.0", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body is not None:
        fields["Content-Type"] = "application/json"
    connection.request(method, path, body=None if body is None else json.dumps(body), headers=fields)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def send(agent, text="hi", **headers):
    return call(agent, "POST", "/message:send",
                {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": text}]}}, **headers)


def rpc(agent, method, params, **headers):
    return call(agent, "POST", "/", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, **headers)


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        os.chmod(path, 0o600)
        file.write(text)
