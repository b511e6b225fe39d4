#!/usr/bin/env python3
"""Runs the demo agent as a newcomer does, and the README's shell sessions against it.

usage: run_sessions.py PROGRAM   (the a2akit executable)

A session is a ```console block after <!-- session: demo -->: lines after "$ " are typed, the others must come out, once ids
and times are made the same.
"""
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PORT_IN_README = "127.0.0.1:8000"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def alike(text):
    return TIME.sub("<time>", UUID.sub("<id>", text)).strip()


def sessions(text):
    """Pairs of a command and what it prints."""
    found = []
    for block in re.findall(r"<!-- session: demo -->\n```console\n(.*?)```", text, re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            lines = part.splitlines()
            end = next(i for i in range(len(lines)) if is_whole("\n".join(lines[:i + 1])))
            found.append(("\n".join(lines[:end + 1]), "\n".join(lines[end + 1:])))
    return found


def is_whole(command):
    return subprocess.run(["bash", "-n", "-c", command], capture_output=True).returncode == 0 \
        and not command.endswith("\\")


def demo(program, *arguments, **options):
    return subprocess.run([program, "demo", *arguments], capture_output=True, text=True, timeout=60, **options)


def check_once(program):
    text = "one two  three, and \"quotes\" & umlauts: äöü"
    answered = demo(program, "--port", "0", "--once", text)
    assert answered.returncode == 0, answered
    assert answered.stdout.splitlines()[-1] == text, answered.stdout


def check_refusals(program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = demo(program, "--port", str(port), "--once", "x")
        assert refused.returncode == 1, refused
        assert str(port) in refused.stderr and "in use" in refused.stderr, refused.stderr
        assert len(refused.stderr.splitlines()) == 1, refused.stderr
    for port in ("70000", "-1", "http"):
        refused = demo(program, "--port", port)
        said = f'--port: "{port}" is not allowed; use a whole number from 0 to 65535'
        assert refused.returncode == 2 and said in refused.stderr, refused


def check_environment(program):
    """Which an option wins over, and which wins over the default; the help says so."""
    by_environment = demo(program, "--once", "x", env={**os.environ, "A2AKIT_PORT": "0"})
    assert by_environment.returncode == 0, by_environment
    assert "http://127.0.0.1:8000 " not in by_environment.stderr, by_environment.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        by_option = demo(program, "--port", "0", "--once", "x", env={**os.environ, "A2AKIT_PORT": port})
        assert by_option.returncode == 0, by_option
    wrong = demo(program, "--once", "x", env={**os.environ, "A2AKIT_PORT": "eighty"})
    said = 'a2akit: A2AKIT_PORT: "eighty" is not allowed; use a whole number from 0 to 65535\n'
    assert (wrong.returncode, wrong.stderr) == (1, said), wrong
    told = demo(program, "--help").stdout
    assert all(word in told for word in ("A2AKIT_HOST", "127.0.0.1", "A2AKIT_PORT", "8000")), told


def check_sessions(program):
    agent = subprocess.Popen([program, "demo", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = None
        for line in agent.stderr:
            if found := re.search(r"serves at http://(\S+) until", line):
                address = found.group(1)
                break
        assert address, "the demo agent did not say where it serves"
        found = sessions((ROOT / "README.md").read_text())
        assert len(found) >= 4, "the README's sessions are gone"
        for command, expected in found:
            ran = subprocess.run(["bash", "-c", command.replace(PORT_IN_README, address)], capture_output=True,
                                 text=True, timeout=60, check=True)
            printed = ran.stdout.replace(address, PORT_IN_README)
            assert alike(printed) == alike(expected), f"$ {command}\nprinted\n{printed}\nnot\n{expected}"
    finally:
        agent.send_signal(signal.SIGINT)
        _, rest = agent.communicate(timeout=60)
    assert agent.returncode == 0, rest


check_once(sys.argv[1])
check_refusals(sys.argv[1])
check_environment(sys.argv[1])
check_sessions(sys.argv[1])
print("the demo agent does what the README says")
