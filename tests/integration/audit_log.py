#!/usr/bin/env python3
"""The audit log of an agent: what stands in it, through kills and a full disk, and what `a2akit check` says of it.

usage: audit_log.py ECHO A2AKIT   (an agent that echoes)
"""
import concurrent.futures
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_calls import call, send, write
from agent_process import AgentProcess, refusal

PROGRAM, A2AKIT = sys.argv[1:3]
KEY = {"X_API_Key": "alices-long-secret-key"}
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


def check(*paths):
    done = subprocess.run([A2AKIT, "check", "--audit-log", *paths], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def what_is_kept(directory, keys):
    path = os.path.join(directory, "kept")
    with AgentProcess(PROGRAM, AUDIT_LOG=path, API_KEYS_FILE=keys) as agent:
        task = send(agent, "a secret of mine", X_Request_Id="r-1", **KEY).json()["task"]
        call(agent, "GET", "/tasks/" + task["id"], X_Request_Id="r-2", **KEY)
        call(agent, "GET", "/acme/tasks/none", X_Request_Id="r-3", **KEY)
        refused = send(agent, X_Request_Id="r-4", X_API_Key="a-wrong-key-of-nobody")
        expect("a wrong key", refused.status == 401, refused)
        expect("it is checked while it is written", check(path)[0] == 0, check(path))
        second = refusal(PROGRAM, AUDIT_LOG=path)
        expect("a second process is refused", "A2AKIT_AUDIT_LOG" in second and "in use" in second, second)
    opened, first, read, missing = records(path)
    expect("the beginning", opened["event"] == "opened" and opened["seq"] == 1 and set(opened["prev"]) == {"0"}, opened)
    expect("a send", (first["principal"], first["operation"], first["version"], first["task"], first["context"], first["message"],
                      first["remote"], first["request"], first["outcome"]) ==
           ("alice", "SendMessage", "1.0", task["id"], task["contextId"], "m", "127.0.0.1", "r-1", "OK"), first)
    expect("a read", (read["operation"], read["task"], read["request"]) == ("GetTask", task["id"], "r-2"), read)
    expect("a refusal", (missing["tenant"], missing["outcome"]) == ("acme", "TASK_NOT_FOUND"), missing)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    expect("no secrets", "secret" not in text, text)
    expect("only its owner reads it", os.stat(path).st_mode & 0o777 == 0o600, oct(os.stat(path).st_mode))

    status, said = check(path)
    expect("it is sound", status == 0 and "4 records" in said, (status, said))
    write(path + ".changed", text.replace('"principal":"alice"', '"principal":"bob"', 1))
    status, said = check(path + ".changed")
    expect("a change is found", status == 1 and "line 3" in said, (status, said))
    expect("a file that is not one", check(keys)[0] != 0, check(keys))
    expect("no file", check(os.path.join(directory, "none"))[0] == 2, check(os.path.join(directory, "none")))
    with AgentProcess(PROGRAM, AUDIT_LOG=path, AUDIT_CALLS="changes", API_KEYS_FILE=keys) as agent:
        call(agent, "GET", "/tasks/none", **KEY)
        send(agent, **KEY)
    expect("reads can be left out", [record.get("operation") for record in records(path)[4:]] == [None, "SendMessage"],
           records(path)[4:])
    expect("the chain goes on", check(path)[0] == 0, check(path))


def kills(directory, keys):
    """However a process is killed while it writes, the next one goes on, and every call that was answered is there."""
    path = os.path.join(directory, "killed")
    answered = []
    for run in range(4):
        before = len(answered)
        agent = AgentProcess(PROGRAM, AUDIT_LOG=path, API_KEYS_FILE=keys)

        def one(number):
            try:
                if call(agent, "GET", "/tasks/none", X_Request_Id=f"k-{run}-{number}", **KEY).status == 404:
                    answered.append(f"k-{run}-{number}")
            except (OSError, http.client.HTTPException):
                pass
            if len(answered) - before >= 40:
                agent.signal(signal.SIGKILL)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(one, range(100)))
        agent.signal(signal.SIGKILL)
        agent.process.wait(60)
    status, said = check(path)
    expect("it is sound after kills", status == 0, (status, said))
    with open(path, encoding="utf-8") as file:
        kept = {json.loads(line).get("request") for line in file if line.endswith("}\n")}
    expect("no answered call is missing", set(answered) <= kept, set(answered) - kept)


def rotation(directory, keys):
    """logrotate moves the file away and sends SIGHUP: the log goes on in a new file, and no call is missing."""
    path = os.path.join(directory, "rotated")
    with AgentProcess(PROGRAM, AUDIT_LOG=path, AUDIT_SYNC="always", API_KEYS_FILE=keys) as agent:
        for number in range(3):
            call(agent, "GET", "/tasks/none", X_Request_Id=f"r-{number}", **KEY)
            os.rename(path, f"{path}.{number}")
            # The agent goes on with the file that it has until it is told.
            call(agent, "GET", "/tasks/none", X_Request_Id=f"late-{number}", **KEY)
            agent.signal(signal.SIGHUP)
            agent.wait_for(r"go on in a new file")
        call(agent, "GET", "/tasks/none", X_Request_Id="last", **KEY)
    files = [f"{path}.{number}" for number in range(3)] + [path]
    seen = [[record.get("request") or record["event"] for record in records(file)] for file in files]
    expect("each file", seen == [["opened", "r-0", "late-0"], ["continued", "r-1", "late-1"], ["continued", "r-2", "late-2"],
                                 ["continued", "last"]], seen)
    status, said = check(*files)
    expect("the files are one log", status == 0 and "11 records" in said and "earlier" not in said, (status, said))
    status, said = check(path)
    expect("the last file alone", status == 0 and "whose 9 records end with" in said, (status, said))
    status, said = check(files[0], files[2])
    expect("a missing file is found", status == 1 and files[2] in said and "line 1" in said, (status, said))
    expect("only audit logs are checked together", subprocess.run([A2AKIT, "check", path, path], capture_output=True, timeout=60)
           .returncode == 2, "")


def full_disk(directory, keys):
    """The system refuses to let the file grow, and later lets it."""
    for required, status in (("false", 404), ("true", 503)):
        path = os.path.join(directory, "full-" + required)
        with AgentProcess(PROGRAM, AUDIT_LOG=path, AUDIT_REQUIRED=required, API_KEYS_FILE=keys) as agent:
            call(agent, "GET", "/tasks/none", **KEY)
            before = resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (os.stat(path).st_size + 40, before[1]))
            call(agent, "GET", "/tasks/none", X_Request_Id="lost", **KEY)
            seen = [call(agent, "GET", "/tasks/none", **KEY).status for _ in range(3)]
            expect(f"calls while it is full, required={required}", seen == [status] * 3, seen)
            resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, before)
            answer = call(agent, "GET", "/tasks/none", X_Request_Id="after", **KEY)
            expect(f"calls afterwards, required={required}", answer.status == 404, answer)
        said = check(path)
        expect("it is sound after a full disk", said[0] == 0 and "could not be recorded" in said[1] and "cut short" in said[1], said)
        with open(path, encoding="utf-8") as file:
            last = json.loads(file.readlines()[-1])
        expect("the next call is there", last["request"] == "after", last)


def main():
    with tempfile.TemporaryDirectory() as directory:
        keys = os.path.join(directory, "keys")
        write(keys, "alice alices-long-secret-key\n")
        what_is_kept(directory, keys)
        kills(directory, keys)
        rotation(directory, keys)
        full_disk(directory, keys)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
