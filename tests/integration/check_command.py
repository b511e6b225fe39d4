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


def check(program, path, status, word, *options, keys=None):
    done = subprocess.run([program, "check", str(path), *options], capture_output=True, text=True, env=environment(keys))
    said = done.stdout + done.stderr
    expect(f"{path.name}: exit status {status}, \"{word}\"", done.returncode == status and word in said,
           f"{done.returncode}, {said}")


def environment(keys):
    return {**os.environ, **({"A2AKIT_DATA_KEYS": keys} if keys else {})}


def demo(program, directory, *options, keys=None):
    return subprocess.Popen([program, "demo", "--port", "0", *options], text=True, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, env={**environment(keys), "A2AKIT_DATA_DIR": str(directory)})


def check_encrypted(program, directory):
    keys, others, missing = "old:" + "7" * 64, "old:" + "9" * 64, "new:" + "8" * 64
    expect("a demo with keys ends with 0", demo(program, directory, "--once", "words", keys=keys).wait(30) == 0)
    check(program, directory, 0, "is sound", keys=keys)
    for wrong in (None, others, missing):
        check(program, directory, 0, "1 task is encrypted: the check needs A2AKIT_DATA_KEYS", "--set-aside", keys=wrong)
    with contextlib.closing(sqlite3.connect(directory / "a2akit.db")) as db:
        key, body = db.execute("SELECT key, body FROM messages ORDER BY key LIMIT 1").fetchone()
        at = body.index(b'"raw":"') + 60  # behind the head that names the key
        body = body[:at] + (b"B" if body[at:at + 1] == b"A" else b"A") + body[at + 1:]
        db.execute("UPDATE messages SET body = ? WHERE key = ?", (body, key))
        db.commit()
    check(program, directory, 0, "1 task is encrypted", "--set-aside")
    check(program, directory, 1, "messages.body cannot be decrypted", keys=keys)
    check(program, directory, 0, "1 task moved to", "--set-aside", keys=keys)
    check(program, directory, 0, "is sound")


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
        check_encrypted(program, pathlib.Path(name) / "sealed")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
