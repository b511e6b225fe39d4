#!/usr/bin/env python3
"""Runs the shell sessions of docs/guides/cli.md against the practice agent, and compares what they print.

usage: guide.py A2AKIT [--write]

A session is a ```console block after <!-- session: cli -->: lines after "$ " are typed, the others must come out, once ids
and times are made the same. --write puts what came out into the guide.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from support import live_agent

GUIDE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "guides" / "cli.md"
SESSION = re.compile(r"(<!-- session: cli -->\n```console\n)(.*?)(```)", re.S)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def alike(text):
    return TIME.sub("<time>", UUID.sub("<id>", text)).strip()


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="a2akit-guide-") as home, live_agent(program) as url:
        tools = pathlib.Path(home) / "bin"
        tools.mkdir()
        (tools / "a2akit").symlink_to(program)
        address = url.removeprefix("http://")
        environment = {**os.environ, "HOME": home, "PATH": f"{tools}:{os.environ['PATH']}"}

        def run(command):
            ran = subprocess.run(["bash", "-c", command.replace("localhost:8000", address)], capture_output=True, text=True,
                                 timeout=60, env=environment, cwd=home, check=False)
            return (ran.stdout + ran.stderr).replace(address, "localhost:8000")

        def play(block):
            out = ""
            for command in re.findall(r"^\$ (.*)$", block.group(2), re.M):
                out += f"$ {command}\n{run(command)}".rstrip() + "\n"
            return block.group(1) + out + block.group(3)
        text = GUIDE.read_text()
        assert len(SESSION.findall(text)) >= 6, "the guide's sessions are gone"
        played = SESSION.sub(play, text)
    if "--write" in sys.argv:
        GUIDE.write_text(played)
    elif alike(played) != alike(text):
        for old, new in zip(alike(text).splitlines(), alike(played).splitlines()):
            if old != new:
                sys.exit(f"the guide says\n{old}\nand the command printed\n{new}")
        sys.exit("the guide and what the commands print differ in length")


main()
