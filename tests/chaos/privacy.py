#!/usr/bin/env python3
"""Sends secrets with requests, in a header and as a bearer token, kills and crashes the server, and looks for them in
everything that it leaves on the disk: the database, its log, the server's log at its most talkative, the journal, a core
dump.

usage: privacy.py CHAOS_AGENT
"""
import asyncio
import base64
import os
import pathlib
import resource
import signal
import sys
import tempfile

from a2a_client import Lost, call
from load import TERMINAL, state_of
from server import Server

KEY = "5e" * 32
SECRET = "hush-4f1c9e-nobody-may-read-this"
HEADERS = {"Authorization": "Bearer " + SECRET, "X-Api-Key": SECRET, "X-Secret": SECRET}
faults = []


def expect(what, condition, details=""):
    print(("ok     " if condition else "FAULT  ") + what + ("" if condition else f": {details}"), flush=True)
    if not condition:
        faults.append(what)


def forms(secret):
    raw = secret.encode()
    return [raw, raw.upper(), raw[::-1], base64.b64encode(raw).rstrip(b"=")[:-2], raw.hex().encode(), raw.decode().encode("utf-16-le")]


def files_with_secret(directory):
    found = []
    for file in directory.rglob("*"):
        if file.is_file() and any(form in file.read_bytes() for form in forms(SECRET) + [KEY.encode(), bytes.fromhex(KEY)]):
            found.append(file.name)
    return found


async def send(server, name, text, wait=False):
    params = {"message": {"messageId": name, "role": "ROLE_USER", "parts": [{"text": text}]},
              "configuration": {"returnImmediately": not wait}}
    return (await call(server.port, "SendMessage", params, **HEADERS))["task"]


async def ended(server, task):
    while True:
        found = await call(server.port, "GetTask", {"id": task})
        if state_of(found) in TERMINAL:
            return found["status"]["message"]["parts"][0]["text"]
        await asyncio.sleep(0.05)


def allow_core_dumps(directory):
    """For the new process: what crashes there may leave a core dump in the directory."""
    os.chdir(directory)
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


async def crash(server):
    await send(server, "crash", "chunks=10 delay=100 secret=1")
    await asyncio.sleep(0.2)
    server.process.send_signal(signal.SIGSEGV)
    await server.process.wait()


async def core_dump_that_is_wanted(program):
    """Shows that the others would have been seen."""
    with tempfile.TemporaryDirectory(prefix="a2akit-privacy-") as directory:
        directory = pathlib.Path(directory)
        server = Server(program, directory, [], {"A2AKIT_DATA_DIR": str(directory / "data"), "A2AKIT_CORE_DUMPS": "true"})
        server.before = lambda: allow_core_dumps(directory)
        try:
            await server.start()
            await crash(server)
            cores = [file.name for file in directory.iterdir() if "core" in file.name]
            if not cores:
                print("note   this machine puts core dumps elsewhere, or allows none")
            expect("a core dump that was asked for holds the secret", not cores or files_with_secret(directory) == cores,
                   cores)
        finally:
            server.end()


async def scene(program, name, environment, after_restart):
    with tempfile.TemporaryDirectory(prefix="a2akit-privacy-") as directory:
        directory = pathlib.Path(directory)
        server = Server(program, directory, [], {"A2AKIT_DATA_DIR": str(directory / "data"), "A2AKIT_LOG_LEVEL": "trace",
                                                 **environment})
        server.before = lambda: allow_core_dumps(directory)
        try:
            await server.start()
            now = await send(server, "now", "secret=1", wait=True)
            expect(f"{name}: the handler has the secret", str(len(SECRET)) in now["status"]["message"]["parts"][0]["text"], now)
            tasks = [(await send(server, f"later-{i}", "chunks=10 delay=100 secret=1"))["id"] for i in range(5)]
            await asyncio.sleep(0.3)
            expect(f"{name}: no secret on the disk while handlers run", not files_with_secret(directory),
                   files_with_secret(directory))
            await server.kill()
            expect(f"{name}: none after kill -9", not files_with_secret(directory), files_with_secret(directory))
            await server.start()
            said = [await ended(server, task) for task in tasks]
            expect(f"{name}: after the restart the handlers " + ("have it again" if after_restart else "do without"),
                   all(str(len(SECRET) if after_restart else 0) == text.split()[-1] for text in said), said)
            await crash(server)
            expect(f"{name}: none after a crash", not files_with_secret(directory), files_with_secret(directory))
        except Lost as e:
            expect(name, False, f"{e!r}\n{server.last_lines()}")
        finally:
            server.end()


async def main():
    program = sys.argv[1]
    await scene(program, "with a key", {"A2AKIT_CONTEXT_KEY": KEY}, True)
    await scene(program, "without a key", {}, False)
    await core_dump_that_is_wanted(program)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    asyncio.run(main())
