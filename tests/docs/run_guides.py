#!/usr/bin/env python3
"""Runs the sessions of a guide as they stand there, line by line.

usage: run_guides.py PROGRAM GUIDE A2AKIT   (tests/integration/node_agent or an example; docs/guides/NAME.md; the tool)

In a block after <!-- run -->, a line that ends with `./agent` starts PROGRAM with the settings before it, instead of the
agent that ran before; `8000` stands for its port and `$AGENT` for its process. Every other line is run by a shell that
finds `a2akit`, in a directory with files of these names: ca, server, alice, and renewed (.pem and .key). It has to succeed, and to print what
the comment `# => TEXT` at its end says, if there is one. A block after <!-- file: NAME --> is written there.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from agent_process import AgentProcess  # noqa: E402
from certificates import Authority  # noqa: E402

BLOCK = re.compile(r"<!-- (run|file: [\w.-]+) -->\n```\w*\n(.*?)```", re.S)


def logical_lines(block):
    return [line for line in block.replace("\\\n", " ").splitlines() if line.strip()]


class Session:
    def __init__(self, program, tool, directory):
        self.program, self.directory, self.agent = program, directory, None
        path = os.path.dirname(tool) + os.pathsep + os.environ["PATH"]
        self.environment = {**os.environ, "PATH": path, "HOME": directory}

    def start(self, line):
        self.stop()
        pairs = line.removesuffix("./agent").split()
        self.agent = AgentProcess(self.program, cwd=self.directory,
                                  **{name.removeprefix("A2AKIT_"): value for name, value in (p.split("=", 1) for p in pairs)})

    def run(self, line):
        command, _, wanted = line.partition("  # => ")
        environment = dict(self.environment)
        if self.agent:
            command = command.replace(":8000", f":{self.agent.port}")
            environment["AGENT"] = str(self.agent.process.pid)
        done = subprocess.run(["bash", "-c", command], cwd=self.directory, env=environment, capture_output=True, text=True,
                              timeout=60)
        if done.returncode != 0 or wanted.strip() not in done.stdout + done.stderr:
            raise SystemExit(f"{line}\nstatus {done.returncode}: {done.stdout}{done.stderr}")
        return 1

    def stop(self):
        if self.agent:
            self.agent.__exit__(None, None, None)
        self.agent = None


def main():
    program, guide, tool = os.path.abspath(sys.argv[1]), sys.argv[2], os.path.abspath(sys.argv[3])
    count = 0
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority(directory)
        for name in ("server", "alice", "renewed"):
            authority.issue(name)
        session = Session(program, tool, directory)
        try:
            for kind, block in BLOCK.findall((ROOT / "docs" / "guides" / f"{guide}.md").read_text()):
                if kind.startswith("file: "):
                    Path(directory, kind[6:]).write_text(block)
                    os.chmod(Path(directory, kind[6:]), 0o600)
                    continue
                for line in logical_lines(block):
                    if line.endswith("./agent"):
                        session.start(line)
                    else:
                        count += session.run(line)
        finally:
            session.stop()
    print(f"{count} commands of {guide}.md did what it says")
    return 0 if count else 1


sys.exit(main())
