#!/usr/bin/env python3
"""Takes one guarantee away from the agent at a time, and checks that the oracle finds fault with what is left; and that it
finds none while the guarantee holds under the very same troubles.

usage: oracle_notices.py CHAOS_AGENT one|many
"""
import concurrent.futures
import pathlib
import subprocess
import sys

from cluster import engines

CHAOS = pathlib.Path(__file__).with_name("chaos.py")
AT_ONCE = 3  # most of their time they wait

# What is switched off, the backend, the trouble that it protects from, and a word of the fault that has to be found.
ONE = [
    ("fencing", "mixed", ["--kills", "0", "--without", "renewals{}", "--slow", "12", "--seconds", "6"], "had taken over"),
    ("sweeps", "mixed", ["--kills", "5", "--without", "{}"], "had not ended"),
    ("sweeps", "memory", ["--kills", "0", "--lose-hints", "0.3", "--without", "{}", "--seconds", "3"], "had not ended"),
    ("tails", "sqlite", ["--kills", "0", "--lose-wakes", "0.3", "--without", "{}", "--seconds", "3"], "had not ended"),
    ("handlers", "sqlite", ["--kills", "0", "--without", "{}", "--seconds", "2"], "was asked for"),
]
MANY = [
    ("fencing", "postgres", ["--torments", "stop", "--without", "{}", "--slow", "15", "--seconds", "8"], "had taken over"),
    ("renewals", "postgres", ["--torments", "", "--without", "{}", "--slow", "40", "--seconds", "8"], "was still running"),
    ("sweeps", "postgres", ["--torments", "kill", "--without", "{}", "--kills", "4"], "had not ended"),
    ("tails", "postgres", ["--torments", "", "--lose-wakes", "0.3", "--without", "{}", "--seconds", "3"], "had not ended"),
    ("repeats", "postgres", ["--torments", "lose", "--without", "{}", "--seconds", "5"], "wrote its chunk"),
    ("keys", "postgres", ["--torments", "kill", "--without", "{}", "--kills", "4"], "made two tasks"),
    ("acks", "postgres+redis", ["--torments", "", "--without", "{}", "--seconds", "2"], "are left in the queue of Redis"),
]


def run(program, backend, options):
    limits = ["--slots", "0", "--retries", "100"]
    command = [sys.executable, str(CHAOS), "--program", program, "--backend", backend, *limits, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def check(name, condition, output):
    print(f"{name}: {'ok' if condition else 'WRONG'}", flush=True)
    if not condition:
        print(output)
    return condition


def judge(program, guarantee, backend, options, word):
    broken = [o.replace("renewals{}", "renewals," + guarantee).replace("{}", guarantee) for o in options]
    status, output = run(program, backend, broken + ["--settle", "10"])
    good = check(f"{backend}: without {guarantee} the oracle finds faults", status == 1 and word in output, output)
    whole = ["renewals" if o == "renewals{}" else "nothing" if o == "{}" else o for o in options]
    status, output = run(program, backend, whole)
    return check(f"{backend}: with {guarantee} it finds none", status == 0, output) and good


def main():
    program, cases, missing = sys.argv[1], ONE, []
    if sys.argv[2] == "many":
        missing = [reason for engine in (engines.Postgres, engines.Redis) if (reason := engine.missing())]
        cases = [case for case in MANY if not any(engine.missing() for engine in engines.MIXES[case[1]])]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        good = all(list(pool.map(lambda case: judge(program, *case), cases)))
    return 1 if not good else engines.skip("; ".join(missing)) if missing else 0


if __name__ == "__main__":
    sys.exit(main())
