#!/usr/bin/env python3
"""Stops a server that is at work, and checks every clause of what a drain promises.

usage: drain.py CHAOS_AGENT
"""
import asyncio
import http.client
import json
import pathlib
import re
import signal
import sys
import tempfile
import time

from a2a_client import BUSY, Lost, Refused, call, stream
from load import state_of
from server import Server

faults = []


def expect(what, condition, details=""):
    print(("ok     " if condition else "FAULT  ") + what + ("" if condition else f": {details}"), flush=True)
    if not condition:
        faults.append(what)


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def message(name, text):
    return {"message": {"messageId": name, "role": "ROLE_USER", "parts": [{"text": text}]}}


def starts_of(server, name):
    return [line.split() for line in server.journal.read_text().splitlines()
            if line.startswith("start ") and line.split()[2] == name]


async def until_started(server, *names, times=1):
    deadline = time.monotonic() + 10
    while not all(len(starts_of(server, name)) >= times for name in names):
        if time.monotonic() > deadline:
            raise SystemExit("the handlers did not start")
        await asyncio.sleep(0.01)


async def raw_stream(port, name, text):
    """Everything that a stream's client gets, byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": message(name, text)}).encode()
    writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n"
                 b"A2A-Version: 1.0\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    data = await reader.read()
    writer.close()
    return data.decode()


async def orderly(server):
    await server.start()
    port = server.port
    waiting = asyncio.create_task(call(port, "SendMessage", message("long", "chunks=100 delay=100 end=complete")))
    streaming = asyncio.create_task(raw_stream(port, "streamed", "chunks=100 delay=100 end=complete"))
    short = await call(port, "SendMessage", {**message("short", "chunks=2 delay=300 end=complete"),
                                             "configuration": {"returnImmediately": True}})
    in_time = asyncio.create_task(call(port, "SendMessage", message("in-time", "chunks=3 delay=300 end=complete")))
    watched = asyncio.create_task(raw_stream(port, "watched", "chunks=3 delay=300 end=complete"))
    await until_started(server, "long", "streamed", "short", "in-time", "watched")
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    deadline = began + 1
    status, body = get(port, "/health/ready")
    while status == 200 and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
        status, body = get(port, "/health/ready")
    expect("readiness is red", status == 503 and "draining" in body, (status, body))
    try:
        await call(port, "SendMessage", message("late", "chunks=1"))
        expect("no new work", False, "a send was accepted")
    except Refused as e:
        expect("no new work", e.code == BUSY, e)
    task = await call(port, "GetTask", {"id": short["task"]["id"]})
    expect("what exists can still be read", task["id"] == short["task"]["id"])
    answer = (await asyncio.wait_for(in_time, 2))["task"]
    expect("a waiting send hears the end of its task", state_of(answer) == "TASK_STATE_COMPLETED", answer)
    end = await asyncio.wait_for(watched, 2)
    expect("a stream brings the end of its task", "TASK_STATE_COMPLETED" in end, end[-200:])
    answer = (await asyncio.wait_for(waiting, 4))["task"]
    expect("after the deadline one is answered with the task as it stands",
           state_of(answer) == "TASK_STATE_WORKING", answer)
    end = await asyncio.wait_for(streaming, 2)
    expect("and a stream tells its client to reconnect",
           re.search(r"\n: the server is stopping[^\n]*\n\r\n0\r\n\r\n$", end), end[-200:])
    status = await asyncio.wait_for(server.process.wait(), 20)
    took = time.monotonic() - began
    expect("it exits with 0", status == 0, status)
    expect("within the deadline", took < 4, took)
    await server.start()
    task = await call(server.port, "GetTask", {"id": short["task"]["id"]})
    expect("a handler that could finish within the deadline has", state_of(task) == "TASK_STATE_COMPLETED", task)
    await until_started(server, "long", times=2)
    again = starts_of(server, "long")
    expect("one that could not is handed back, and runs again at once", len(again) == 2, again)
    expect("which does not count as an attempt", again[-1][4] == "1", again)
    seen = int(re.findall(r"^id: (\d+)$", end, re.MULTILINE)[-1])
    events = stream(server.port, "SubscribeToTask", {"id": starts_of(server, "streamed")[0][1]},
                    **{"Last-Event-ID": str(seen)})
    event, item = await asyncio.wait_for(anext(events), 10)
    expect("and finds there what follows", event == seen + 1 and "task" not in item, (seen, event, item))
    await events.aclose()
    for name in ("long", "streamed"):
        task_id = starts_of(server, name)[0][1]
        await call(server.port, "CancelTask", {"id": task_id})
    expect("the second drain exits with 0", await server.terminate() == 0)


async def hurried(server):
    await server.start()
    await call(server.port, "SendMessage", {**message("slow", "chunks=1000 delay=100"),
                                            "configuration": {"returnImmediately": True}})
    await until_started(server, "slow")
    server.process.send_signal(signal.SIGINT)
    await asyncio.sleep(0.3)
    expect("the drain waits for the handler", server.process.returncode is None)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    status = await asyncio.wait_for(server.process.wait(), 10)
    took = time.monotonic() - began
    expect("a second SIGTERM hurries", status == 0 and took < 1.5, (status, took))
    await server.start()
    await until_started(server, "slow", times=2)
    again = starts_of(server, "slow")
    expect("and hands the run back all the same", len(again) == 2 and again[-1][4] == "1", again)
    await call(server.port, "CancelTask", {"id": again[0][1]})
    await server.terminate()


async def stuck(server):
    """A handler that hears of nothing does not keep the process."""
    await server.start()
    await call(server.port, "SendMessage", {**message("stuck", "chunks=1 delay=60000 stubborn=1"),
                                            "configuration": {"returnImmediately": True}})
    await until_started(server, "stuck")
    server.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.2)
    server.process.send_signal(signal.SIGTERM)
    status = await asyncio.wait_for(server.process.wait(), 10)
    expect("a handler that does not return keeps nobody from exiting with 0", status == 0, status)
    await server.start()
    await until_started(server, "stuck", times=2)
    again = starts_of(server, "stuck")
    expect("its run is handed back", len(again) == 2 and again[-1][4] == "1", again)


async def forgotten(server):
    """The same without anybody in a hurry."""
    await server.start()
    await call(server.port, "SendMessage", {**message("forgotten", "chunks=1 delay=60000 stubborn=1"),
                                            "configuration": {"returnImmediately": True}})
    await until_started(server, "forgotten")
    began = time.monotonic()
    status = await server.terminate()
    took = time.monotonic() - began
    expect("nor after the deadline", status == 0 and took < 9, (status, took))


async def main():
    program = sys.argv[1]
    for scene, timeout in ((orderly, "2"), (hurried, "30"), (stuck, "30"), (forgotten, "1")):
        with tempfile.TemporaryDirectory(prefix="a2akit-drain-") as name:
            directory = pathlib.Path(name)
            server = Server(program, directory, [], {"A2AKIT_DATA_DIR": str(directory / "data"),
                                                     "A2AKIT_DRAIN_TIMEOUT": timeout})
            print(scene.__name__, flush=True)
            try:
                await scene(server)
            except (Lost, Refused, asyncio.TimeoutError, OSError) as e:
                expect(scene.__name__, False, f"{e!r}\n{server.last_lines()}")
            finally:
                server.end()
                await server.process.wait()
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    asyncio.run(main())
