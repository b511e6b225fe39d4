#!/usr/bin/env python3
"""Runs the examples of the client against example agents, and checks what they say.

usage: run_client.py CLIENT STREAMING_AGENT DELEGATING_AGENT JOB_AGENT
"""
import os
import subprocess
import sys

from run_example import Agent, answer, state, text_of

EXPECTED = """answer: one two \n\
AgentCard: 200
SendStreamingMessage: 200
state: TASK_STATE_WORKING
state: TASK_STATE_WORKING
piece: three \n\
piece: four \n\
state: TASK_STATE_COMPLETED
ListTasks: 200
ListTasks: 200
tasks: 2
GetTask: 200
error: TASK_NOT_FOUND
"""


def check_client(client, agent):
    said = subprocess.run([client, agent.url], capture_output=True, text=True, timeout=50)
    assert said.returncode == 0, said
    assert said.stdout == EXPECTED, said.stdout


def check_nobody_there(client):
    said = subprocess.run([client, "http://127.0.0.1:1"], capture_output=True, text=True, timeout=50)
    assert said.returncode == 1 and "http://127.0.0.1:1" in said.stderr, said


def check_delegating(program, agent):
    os.environ["OTHER_AGENT"] = agent.url
    delegating = Agent(program)
    try:
        task = delegating.send("one two")
        assert state(task) == "TASK_STATE_COMPLETED" and answer(task) == "They say: one two ", task
        hops = {"X-A2A-Hops": "16"}
        task = delegating.send("one two", hops)
        assert state(task) == "TASK_STATE_FAILED" and "circle" in text_of(task["status"]["message"]["parts"]), task
    finally:
        delegating.stop()


def check_cancelled_delegation(program, job):
    """Cancelling a task cancels what it has delegated."""
    os.environ["OTHER_AGENT"] = job.url
    delegating = Agent(program)
    try:
        events = delegating.stream("go")
        task = next(events)["task"]
        delegated = None
        while delegated is None:
            tasks = job.call("ListTasks", {})["result"]["tasks"]
            working = [t for t in tasks if state(t) == "TASK_STATE_WORKING"]
            delegated = working[0]["id"] if working else None
        delegating.call("CancelTask", {"id": task["id"]})
        task = None
        while task is None or state(task) == "TASK_STATE_WORKING":
            task = job.call("GetTask", {"id": delegated})["result"]
        assert state(task) == "TASK_STATE_CANCELED", task
    finally:
        delegating.stop()


def main():
    client, streaming_program, delegating, job_program = sys.argv[1:]
    streaming, job = Agent(streaming_program), Agent(job_program)
    try:
        check_client(client, streaming)
        check_nobody_there(client)
        check_delegating(delegating, streaming)
        check_cancelled_delegation(delegating, job)
    finally:
        streaming.stop()
        job.stop()
    print("the examples of the client say what they should")


if __name__ == "__main__":
    main()
