"""Judges the database that is left, read with SQLite's own library."""
import sqlite3
import uuid

STATES = {1: "TASK_STATE_SUBMITTED", 2: "TASK_STATE_WORKING", 3: "TASK_STATE_COMPLETED", 4: "TASK_STATE_FAILED",
          5: "TASK_STATE_CANCELED", 6: "TASK_STATE_INPUT_REQUIRED", 7: "TASK_STATE_REJECTED",
          8: "TASK_STATE_AUTH_REQUIRED"}
ENDED = (3, 4, 5, 7)


def judge(file, jobs, logs):
    """`jobs`: by task id; `logs`: by the name of the job. Returns the faults, and how many tasks there are."""
    faults = []
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        for (line,) in db.execute("PRAGMA integrity_check"):
            if line != "ok":
                faults.append(f"database: {line}")
        rows = {str(uuid.UUID(bytes=task)): (key, state, last, turn_ended) for key, task, state, last, turn_ended in
                db.execute("SELECT id, task, state, last_event, turn_ended FROM tasks")}
        active = {key for (key,) in db.execute("SELECT id FROM active")}
        counted = dict(db.execute("SELECT state, sum(tasks) FROM counts GROUP BY state HAVING sum(tasks) > 0"))
        actual = dict(db.execute("SELECT state, count(*) FROM tasks WHERE revealed GROUP BY state"))
        unclaimed = db.execute("SELECT count(*) FROM inputs WHERE id NOT IN (SELECT id FROM active)").fetchone()[0]
    if counted != actual:
        faults.append(f"database: it counts {counted} tasks per state, and has {actual}")
    if unclaimed:
        faults.append(f"database: {unclaimed} inputs of turns that have ended")
    for task, job in jobs.items():
        if task not in rows:
            faults.append(f"{job.name}: its task {task} was answered, and is not in the database")
            continue
        key, state, last, turn_ended = rows[task]
        name = f"{job.name} (task {task})"
        if job.final and STATES[state] != job.final["status"]["state"]:
            faults.append(f"{name}: {job.final['status']['state']} was answered, the database says {STATES[state]}")
        if job.name in logs and last != len(logs[job.name]):
            faults.append(f"{name}: {len(logs[job.name])} events were read, the database says {last}")
    for task, (key, state, _, turn_ended) in rows.items():
        if state not in ENDED:
            if task not in jobs or jobs[task].ended:
                faults.append(f"task {task} has not ended: {STATES[state]}")
        elif key in active or not turn_ended:
            faults.append(f"task {task} has ended, and still has a turn or a run")
    return faults, len(rows)
