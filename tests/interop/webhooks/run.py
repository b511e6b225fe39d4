"""Holds our Standard Webhooks signatures to the official libraries, in both directions.

usage: run.py python|js AGENT RECEIVER WORK_FOLDER

AGENT (examples/notifying.cpp) signs what it sends, and the library verifies it; the library signs what is sent to RECEIVER
(examples/webhook_receiver.cpp). The library is installed below WORK_FOLDER, at the version that the lock file names. Where
it can't be installed the test fails when CI=true, and is skipped, with the reason, elsewhere.
"""

import filecmp
import http.client
import http.server
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OWN_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def install_python(folder):
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = HERE.parent / "requirements-webhooks.txt"
    if not (stamp.exists() and filecmp.cmp(stamp, wanted, shallow=False)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r",
                        wanted], check=True)
        shutil.copy(wanted, stamp)
    return [python, HERE / "check.py"]


def install_js(folder):
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(f"there is no '{tool}' on the PATH")
    folder.mkdir(parents=True, exist_ok=True)
    stamp, lock = folder / "installed.json", HERE / "package-lock.json"
    if not (stamp.exists() and filecmp.cmp(stamp, lock, shallow=False)):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True,
                       stdout=sys.stderr)
        shutil.copy(lock, stamp)
    shutil.copy(HERE / "check.mjs", folder / "check.mjs")
    return ["node", folder / "check.mjs"]


class Library:
    """A process that signs and verifies with one secret."""

    def __init__(self, command, secret):
        self.process = subprocess.Popen([*command, secret], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, wanted):
        self.process.stdin.write(json.dumps(wanted) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)


class Program:
    """One of ours, on a free port."""

    def __init__(self, program, **environment):
        self.process = subprocess.Popen([program], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env={**os.environ, "A2AKIT_PORT": "0", **environment})
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.url, self.port = found.group(0), int(found.group(1))
                break
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Webhook(http.server.ThreadingHTTPServer):
    """Keeps what it gets."""

    def __init__(self):
        self.got = queue.Queue()
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                webhook.got.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def send(agent, webhook, token):
    config = {"url": f"http://127.0.0.1:{webhook.server_address[1]}/", "token": token}
    params = {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "a letter"}]},
              "configuration": {"taskPushNotificationConfig": config}}
    request = urllib.request.Request(
        agent.url + "/message:send", json.dumps(params).encode(),
        {"Content-Type": "application/json", "A2A-Version": "1.0"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        json.load(answer)


def check_sender(library, other, agent):
    """The library verifies what the agent sends; with the configuration's own secret as well."""
    for token, right, wrong in (("", library, other), (OWN_SECRET, other, library)):
        webhook = Webhook()
        send(agent, webhook, token)
        body = ""
        while "TASK_STATE_COMPLETED" not in body:
            headers, body = webhook.got.get(timeout=120)
            assert OWN_SECRET not in str(headers), headers
            verdict = right.ask({"verify": {"headers": headers, "body": body}})
            assert verdict == "ok", verdict
            verdict = wrong.ask({"verify": {"headers": headers, "body": body}})
            assert verdict.startswith("refused"), verdict
            verdict = right.ask({"verify": {"headers": headers, "body": body + " "}})
            assert verdict.startswith("refused"), verdict
        webhook.shutdown()


def post(receiver, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=120)
    connection.request("POST", "/", body.encode(), headers)
    status = connection.getresponse().status
    connection.close()
    return status


def check_receiver(library, other, receiver):
    """The receiver believes what the library has signed, and nothing else."""
    body = json.dumps({"statusUpdate": {"taskId": "t1", "contextId": "c", "status": {"state": "TASK_STATE_WORKING"}}})
    now = int(time.time())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now),
               "webhook-signature": library.ask({"sign": {"id": "msg_1", "timestamp": now, "body": body}})}
    assert post(receiver, headers, body) == 204
    assert "t1 TASK_STATE_WORKING" in receiver.lines.get(timeout=120)
    assert post(receiver, headers, body) == 204
    assert post(receiver, headers, body + " ") == 401
    assert post(receiver, {**headers, "webhook-id": "msg_2"}, body) == 401
    foreign = other.ask({"sign": {"id": "msg_1", "timestamp": now, "body": body}})
    assert post(receiver, {**headers, "webhook-signature": foreign}, body) == 401
    assert post(receiver, {**headers, "webhook-signature": foreign + " " + headers["webhook-signature"]}, body) == 204
    old = library.ask({"sign": {"id": "msg_1", "timestamp": now - 3600, "body": body}})
    assert post(receiver, {**headers, "webhook-timestamp": str(now - 3600), "webhook-signature": old}, body) == 401
    assert receiver.lines.empty(), "a repeat or a forgery was shown"


def main():
    language, agent, receiver, folder = sys.argv[1:]
    try:
        command = {"python": install_python, "js": install_js}[language](pathlib.Path(folder) / f"webhooks_{language}")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"standardwebhooks can't be installed: {error}")
        if os.environ.get("CI") == "true":
            return 1
        print("SKIPPED: the webhook tests of this library did not run. With CI=true this is a failure.")
        return SKIPPED
    library, other = Library(command, SECRET), Library(command, OWN_SECRET)
    program = Program(agent, A2AKIT_PUSH_SIGNING_KEY=SECRET, A2AKIT_PUSH_ALLOW_HTTP="true",
                      A2AKIT_PUSH_ALLOW_NETWORKS="127.0.0.0/8")
    check_sender(library, other, program)
    program.stop()
    program = Program(receiver, WEBHOOK_SECRET=SECRET)
    check_receiver(library, other, program)
    program.stop()
    library.stop()
    other.stop()
    return 0


sys.exit(main())
