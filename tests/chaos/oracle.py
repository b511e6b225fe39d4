"""Judges a run: by what clients were answered, by the event logs, by the journal of the handlers, and by the database.

Knows the protocol and the tables, and nothing else of the server.
"""
import collections
import json

import outcome
from load import TERMINAL, ends
from outcome import RUN_LINE, text_of


def said_by_runs(item):
    """[(run, chunk number, of how many)] of what one event says; number 0: the end of a turn."""
    if "artifactUpdate" in item:
        lines = text_of(item["artifactUpdate"]["artifact"]["parts"]).splitlines()
    elif "statusUpdate" in item and "message" in item["statusUpdate"]["status"]:
        lines = text_of(item["statusUpdate"]["status"]["message"]["parts"]).splitlines()
    else:
        return []
    found = [RUN_LINE.match(line) for line in lines]
    return [(m.group(1), int(m.group(2) or 0), int(m.group(3) or 0)) for m in found if m]


def judge_log(name, log):
    """A whole log: gapless from 1, one end, and no two runs that both wrote."""
    faults = []
    ids = [event for event, _ in log]
    if ids != list(range(1, len(ids) + 1)):
        faults.append(f"{name}: its events are numbered {ids}, not 1 to {len(ids)}")
    terminal = [event for event, item in log if ends(item)]
    if len(terminal) != 1 or not log or terminal[0] != log[-1][0]:
        faults.append(f"{name}: it has {len(terminal)} terminal events, at {terminal} of {len(log)}")
    writers, previous, count, whole = [], None, 0, 0
    for event, item in log:
        for run, number, of in said_by_runs(item):
            if run != previous:
                if run in writers:
                    faults.append(f"{name}: run {run} wrote event {event} after run {previous} had taken over")
                writers.append(run)
                previous, count = run, 0
            if number == 0:
                if count != whole:
                    faults.append(f"{name}: run {run} ended its turn after {count} of {whole} chunks")
                count = whole = 0
                continue
            count, whole = count + 1, of
            if number != count:
                faults.append(f"{name}: run {run} wrote its chunk {number} where {count} was due")
    return faults


def judge_view(name, view, log):
    """What one subscriber saw, over all its connections: each event once, in order, up to the end."""
    faults = []
    known = dict(log)
    last = None
    for event, item in view:
        if event is None:
            faults.append(f"{name}: an event without an id: {json.dumps(item)[:200]}")
            continue
        if "task" in item:
            if last is not None:
                faults.append(f"{name}: a resumed stream began anew, with the Task at {event} behind {last}")
            if log and outcome.shown(item["task"]) != outcome.fold(entry for entry in log if entry[0] <= event):
                faults.append(f"{name}: the Task at {event} is not what the events up to there add up to: {item['task']}")
        elif last is None:
            if event != 1:
                faults.append(f"{name}: its first event is {event}")
        elif event != last + 1:
            faults.append(f"{name}: event {event} came behind {last}")
        if "task" not in item and known.get(event) != item:
            faults.append(f"{name}: event {event} is not the one of the log: {json.dumps(item)[:200]}")
        last = event
    if not view or not ends(view[-1][1]):
        faults.append(f"{name}: it never saw the end")
    elif log and last != log[-1][0]:
        faults.append(f"{name}: it saw {last} events of {len(log)}")
    return faults


def judge_answers(job, log):
    """Nothing that was answered is taken back."""
    faults, ended = [], None
    end = next((item["statusUpdate"]["status"]["state"] for _, item in log if ends(item)), None)
    for state in job.answered:
        if ended and state != ended:
            faults.append(f"{job.name} (task {job.task}): {ended} was answered, and then {state}")
        if state in TERMINAL:
            ended = ended or state
            if end and state != end:
                faults.append(f"{job.name} (task {job.task}): {state} was answered, its log says {end}")
    return faults


def judge_job(job, log, journal, promise):
    faults = outcome.judge(job, log, journal, promise)
    faults += judge_log(f"{job.name} (task {job.task})", log)
    for number, view in enumerate(job.views, 1):
        faults += judge_view(f"{job.name} (task {job.task}), subscriber {number}", view, log)
    return faults + judge_answers(job, log)


def judge_once(tasks):
    """`tasks`: (id, message ids of its user). A message that was sent again under its key is there once."""
    seen, faults = collections.defaultdict(list), []
    for task, messages in tasks:
        for message in messages:
            seen[message].append(task)
    for message, where in seen.items():
        if len(where) != 1:
            faults.append(f"message {message} was carried out {len(where)} times, by {where}")
    return faults
