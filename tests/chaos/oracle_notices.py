#!/usr/bin/env python3
"""Takes one guarantee away from the agent at a time, and checks that the oracle finds fault with what is left; and that it
finds none while the guarantee holds under the very same troubles.

usage: oracle_notices.py CHAOS_AGENT
"""
import pathlib
import subprocess
import sys

CHAOS = pathlib.Path(__file__).with_name("chaos.py")

# What is switched off, the backend, the trouble that it protects from, and a word of the fault that has to be found.
CASES = [
    ("fencing", "mixed", ["--kills", "0", "--without", "renewals{}", "--slow", "12", "--seconds", "6"], "had taken over"),
    ("sweeps", "mixed", ["--kills", "5", "--without", "{}"], "had not ended"),
    ("sweeps", "memory", ["--kills", "0", "--lose-hints", "0.3", "--without", "{}", "--seconds", "3"], "had not ended"),
    ("tails", "sqlite", ["--kills", "0", "--lose-wakes", "0.3", "--without", "{}", "--seconds", "3"], "had not ended"),
]


def run(program, backend, options):
    command = [sys.executable, str(CHAOS), "--program", program, "--backend", backend, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def check(name, condition, output):
    print(f"{name}: {'ok' if condition else 'WRONG'}", flush=True)
    if not condition:
        print(output)
    return condition


def main():
    program = sys.argv[1]
    good = True
    for guarantee, backend, options, word in CASES:
        broken = [o.replace("renewals{}", "renewals," + guarantee).replace("{}", guarantee) for o in options]
        status, output = run(program, backend, broken + ["--settle", "15"])
        good &= check(f"{backend}: without {guarantee} the oracle finds faults", status == 1 and word in output, output)
        whole = ["renewals" if o == "renewals{}" else "nothing" if o == "{}" else o for o in options]
        status, output = run(program, backend, whole)
        good &= check(f"{backend}: with {guarantee} it finds none", status == 0, output)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
