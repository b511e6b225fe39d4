#!/usr/bin/env python3
"""Runs the demo agent as a newcomer does, and the README's shell sessions against it.

usage: run_sessions.py PROGRAM [FOLDER]   (the a2akit executable; where grpcurl is built, if it serves gRPC)

A session is a ```console block after <!-- session: demo --> or, with gRPC, <!-- session: demo with gRPC -->: lines after
"$ " are typed, the others must come out, once ids and times are made the same.
"""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import go_program  # noqa: E402

ADDRESS_IN_README = "127.0.0.1:8000"
GRPC_ADDRESS_IN_README = "127.0.0.1:50051"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def alike(text):
    return TIME.sub("<time>", UUID.sub("<id>", text)).strip()


def sessions(kind):
    """Pairs of a command and what it prints."""
    found = []
    text = (ROOT / "README.md").read_text()
    for block in re.findall(rf"<!-- session: {kind} -->\n```console\n(.*?)```", text, re.S):
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


@contextlib.contextmanager
def demo_agent(program, environment):
    """Runs it, and gives its address."""
    agent = subprocess.Popen([program, "demo", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **environment})
    try:
        address = None
        for line in agent.stderr:
            if found := re.search(r"serves at http://(\S+) until", line):
                address = found.group(1)
                break
        assert address, "the demo agent did not say where it serves"
        yield address
    finally:
        agent.send_signal(signal.SIGINT)
        _, rest = agent.communicate(timeout=60)
    assert agent.returncode == 0, rest


def check_session(kind, at_least, addresses, folder=None):
    """`addresses`: what stands in the README, and what it stands for; `folder`: of programs that a session may use."""
    found = sessions(kind)
    assert len(found) >= at_least, f"the README's sessions '{kind}' are gone"
    path = os.environ["PATH"] if folder is None else f"{folder}{os.pathsep}{os.environ['PATH']}"
    for command, expected in found:
        typed = command
        for written, meant in addresses.items():
            typed = typed.replace(written, meant)
        ran = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": path})
        assert ran.returncode == 0, f"$ {command}\n{ran.stderr}"
        printed = ran.stdout
        for written, meant in addresses.items():
            printed = printed.replace(meant, written)
        assert alike(printed) == alike(expected), f"$ {command}\nprinted\n{printed}\nnot\n{expected}"


def check_sessions(program):
    with demo_agent(program, {}) as address:
        check_session("demo", 5, {ADDRESS_IN_README: address}, Path(program).resolve().parent)


def grpc_address(address):
    with urllib.request.urlopen(f"http://{address}/.well-known/agent-card.json", timeout=60) as answer:
        interfaces = json.load(answer)["supportedInterfaces"]
    return next((one["url"] for one in interfaces if one["protocolBinding"] == "GRPC"), None)


def check_grpc_sessions(program, folder):
    with demo_agent(program, {"A2AKIT_GRPC_PORT": "0"}) as address:
        addresses = {GRPC_ADDRESS_IN_README: grpc_address(address)}
        try:
            go_program.build(ROOT / "tests/docs/grpcurl", "github.com/fullstorydev/grpcurl/cmd/grpcurl", folder, "grpcurl")
        except (OSError, subprocess.CalledProcessError) as error:
            assert os.environ.get("CI") != "true", f"grpcurl can't be built: {error}"
            print(f"SKIPPED: the sessions with gRPC, since grpcurl can't be built: {error}")
            return
        check_session("demo with gRPC", 2, addresses, folder)


check_once(sys.argv[1])
check_refusals(sys.argv[1])
check_environment(sys.argv[1])
check_sessions(sys.argv[1])
if sys.argv[2:]:
    check_grpc_sessions(sys.argv[1], Path(sys.argv[2]))
print("the demo agent does what the README says")
