"""User instructions per request, counted by callgrind: they repeat to the per cent where times on a shared machine do not."""
import json
import re
import shutil
import signal
from pathlib import Path

# What the requests cost when this was last written down; a change that costs more than 3 % of it is MISSED.
KEPT = json.loads((Path(__file__).resolve().parent / "instructions.json").read_text())
ALLOWED = 1.03


class InstructionCases:
    INSTRUCTION_CASES = ["send_instructions", "sqlite_send_instructions", "stream_instructions"]

    def instructions(self, request, requests, **environment):
        """Of a whole run of the agent with so many requests."""
        counts = self.work / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", self.programs / "bench_agent"]
        with self.program(command, {"A2AKIT_LOG_LEVEL": "warn", **environment}, cores=None) as agent:
            self.load(agent, request, requests / self.scale, connections=8, cores=None)
            agent.process.send_signal(signal.SIGTERM)
            agent.process.wait()
        return int(re.search(r"^(?:summary|totals): (\d+)", counts.read_text(), re.M).group(1))

    def count(self, name, request, few, many, per=1, **environment):
        if shutil.which("valgrind") is None:
            raise SystemExit("bench: valgrind is missing; it is in Debian's package valgrind")
        # What a run costs besides its requests falls out of the difference.
        cost = self.instructions(request, many, **environment) - self.instructions(request, few, **environment)
        cost /= (many - few) * per
        self.report(name, "instructions", cost, KEPT[name], ALLOWED)

    def send_instructions(self):
        self.count("send_instructions", self.send("x" * 300), 1_000, 5_000)

    def sqlite_send_instructions(self):
        """On all threads. How many tasks share a commit differs, and with it the figure, by some per cent."""
        self.count("sqlite_send_instructions", self.send("x" * 300), 500, 2_500, A2AKIT_THREADS="1",
                   A2AKIT_SQLITE_SYNCHRONOUS="normal", A2AKIT_DATA_DIR=str(self.directory()))

    def stream_instructions(self):
        events = 23  # the task, that it works, 20 chunks, and that it has ended
        self.count("stream_instructions", self.stream("chunks-yield 20"), 200, 1_000, events)

