#!/usr/bin/env python3
"""What `a2akit check` says of data directories of every kind, and its exit status.

usage: check_command.py A2AKIT
"""
import contextlib
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading

faults = []


def expect(what, condition, details=""):
    print(("ok     " if condition else "FAULT  ") + what + ("" if condition else f": {details}"), flush=True)
    if not condition:
        faults.append(what)


def check(program, path, status, word, *options):
    done = subprocess.run([program, "check", str(path), *options], capture_output=True, text=True)
    said = done.stdout + done.stderr
    expect(f"{path.name}: exit status {status}, \"{word}\"", done.returncode == status and word in said,
           f"{done.returncode}, {said}")


def demo(program, directory, *options):
    return subprocess.Popen([program, "demo", "--port", "0", *options], text=True, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, env={**os.environ, "A2AKIT_DATA_DIR": str(directory)})


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="a2akit-check-") as name:
        directory = pathlib.Path(name) / "data"
        file = directory / "a2akit.db"
        expect("a demo ends with 0", demo(program, directory, "--once", "some words").wait(30) == 0)
        check(program, directory, 0, "is sound")
        check(program, file, 0, "is sound")
        serving = demo(program, directory)
        for line in serving.stderr:
            if "until Ctrl-C" in line:
                break
        threading.Thread(target=serving.stderr.read, daemon=True).start()
        check(program, directory, 0, "is sound")
        copy = directory / "copy.db"
        with contextlib.closing(sqlite3.connect(file)) as held, contextlib.closing(sqlite3.connect(copy)) as backup:
            held.backup(backup)
        check(program, copy, 0, "is sound")
        second = demo(program, directory, "--once", "more")
        expect("a second process on the file is refused",
               second.wait(30) == 1 and "another process is using it" in second.stderr.read())
        serving.send_signal(signal.SIGTERM)
        expect("and the first one goes on, and ends with 0", serving.wait(30) == 0)
        with contextlib.closing(sqlite3.connect(file)) as db:
            tasks = [row[0].hex() for row in db.execute("SELECT task FROM tasks ORDER BY id")]
            db.execute("UPDATE messages SET body = x'01FF' WHERE key >> 24 = 1")
            db.commit()
        first = "-".join([tasks[0][:8], tasks[0][8:12], tasks[0][12:16], tasks[0][16:20], tasks[0][20:]])
        check(program, directory, 1, f"task {first}: messages.body cannot be read")
        check(program, directory, 1, "is damaged in 1 task;")
        check(program, directory, 0, f"1 task moved to {file}.set-aside-1", "--set-aside")
        check(program, directory, 0, "is sound")
        check(program, directory, 0, "is sound", "--set-aside")
        middle = file.stat().st_size // 8192 * 4096
        with open(file, "r+b") as damaged:
            damaged.seek(middle)
            damaged.write(b"\x5a" * 4096)
        check(program, directory, 1, "is damaged; restore it from a backup")
        check(program, directory / "none", 2, "there is no such file")
        other = directory / "other.db"
        with contextlib.closing(sqlite3.connect(other)) as db:
            db.execute("CREATE TABLE notes(text)")
        check(program, other, 2, "another application")
        text = directory / "notes.txt"
        text.write_text("no database\n" * 20)
        check(program, text, 2, "not a SQLite database")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
