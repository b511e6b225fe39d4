"""Judges the database that is left, read with the engine's own programs."""
import collections
import dataclasses
import sqlite3
import uuid

from outcome import dead_letter

STATES = {1: "TASK_STATE_SUBMITTED", 2: "TASK_STATE_WORKING", 3: "TASK_STATE_COMPLETED", 4: "TASK_STATE_FAILED",
          5: "TASK_STATE_CANCELED", 6: "TASK_STATE_INPUT_REQUIRED", 7: "TASK_STATE_REJECTED",
          8: "TASK_STATE_AUTH_REQUIRED"}
ENDED = (3, 4, 5, 7)


@dataclasses.dataclass
class Row:
    state: int
    events: int     # the number of the last one
    at_rest: bool   # its turn has ended, no run is left, nothing is queued


@dataclasses.dataclass
class Left:
    """What a database holds, whatever its engine."""
    tasks: dict = dataclasses.field(default_factory=dict)  # id: Row
    dead_letters: set = dataclasses.field(default_factory=set)  # task ids
    faults: list = dataclasses.field(default_factory=list)


def read_sqlite(file):
    left = Left()
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        left.faults += [f"database: {line}" for (line,) in db.execute("PRAGMA integrity_check") if line != "ok"]
        active = {key for (key,) in db.execute("SELECT id FROM active")}
        for key, task, state, last, turn_ended in db.execute("SELECT id, task, state, last_event, turn_ended FROM tasks"):
            left.tasks[str(uuid.UUID(bytes=task))] = Row(state, last, key not in active and bool(turn_ended))
        left.dead_letters = {str(uuid.UUID(bytes=task)) for (task,) in db.execute("SELECT task FROM dead_letters")}
        counted = dict(db.execute("SELECT state, sum(tasks) FROM counts GROUP BY state HAVING sum(tasks) > 0"))
        actual = dict(db.execute("SELECT state, count(*) FROM tasks WHERE revealed GROUP BY state"))
        unclaimed = db.execute("SELECT count(*) FROM inputs WHERE id NOT IN (SELECT id FROM active)").fetchone()[0]
    if counted != actual:
        left.faults.append(f"database: it counts {counted} tasks per state, and has {actual}")
    if unclaimed:
        left.faults.append(f"database: {unclaimed} inputs of turns that have ended")
    return left


def read_postgres(sql, schema):
    """`sql`: runs a statement, and returns its rows as lines, with | between their fields."""
    def rows(statement):
        return [line.split("|") for line in sql(f"set search_path = {schema}; " + statement).splitlines()]

    left = Left()
    queued = collections.Counter(task for (task,) in rows("select task from queue"))
    for task, state, last, at_rest in rows("select id, state, last, turn_ended and run_epoch is null from tasks"):
        left.tasks[task] = Row(int(state), int(last), at_rest == "t" and not queued.pop(task, 0))
    left.dead_letters = {task for (task,) in rows("select task from dead_letters")}
    left.faults += [f"database: an entry of the queue for task {task}, which there is not" for task in queued]
    # A write's events follow the ones of the write before it; and only one write ends a task, the last.
    for task, first, before in rows("select task, first, before from (select task, first, lag(last, 1, 0::bigint) over "
                                    "(partition by task order by last, revision) as before from writes) w "
                                    "where first <> before + 1"):
        left.faults.append(f"database: task {task} has event {first} behind event {before}")
    for task, last, stored, ends in rows("select t.id, t.last, max(w.last), count(*) filter (where w.state in (3, 4, 5, 7)) "
                                         "from tasks t left join writes w on w.task = t.id group by t.id, t.last, t.state "
                                         "having max(w.last) is distinct from t.last "
                                         "or count(*) filter (where w.state in (3, 4, 5, 7)) <> (t.state in (3, 4, 5, 7))::int"):
        left.faults.append(f"database: task {task} counts {last} events, has {stored or 'none'}, and ends {ends} times")
    return left


def judge(left, jobs, events):
    """`jobs`: by task id; `events`: how many were read, by the name of the job."""
    faults = list(left.faults)
    for task, job in jobs.items():
        name = f"{job.name} (task {task})"
        row = left.tasks.get(task)
        if row is None:
            faults.append(f"{name} was answered, and is not in the database")
            continue
        if job.final and STATES[row.state] != job.final["status"]["state"]:
            faults.append(f"{name}: {job.final['status']['state']} was answered, the database says {STATES[row.state]}")
        if row.events != events.get(job.name, row.events):
            faults.append(f"{name}: {events[job.name]} events were read, the database says {row.events}")
    given_up = {task for task, job in jobs.items() if job.final and dead_letter(job.final["status"])}
    faults += [f"database: task {task} was given up, and is no dead letter" for task in given_up - left.dead_letters]
    faults += [f"database: task {task} is a dead letter, and was not given up" for task in left.dead_letters - given_up]
    for task, row in left.tasks.items():
        if task not in jobs:
            faults.append(f"task {task} is in the database, and nobody was answered it")
        if row.state not in ENDED:
            if task not in jobs or jobs[task].ended:
                faults.append(f"task {task} has not ended: {STATES[row.state]}")
        elif not row.at_rest:
            faults.append(f"task {task} has ended, and still has a turn or a run")
    return faults
