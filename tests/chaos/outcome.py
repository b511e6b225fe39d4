"""Judges what became of a task by what was asked of it: each turn's end, and everything on the way, follows from the plan
in its message.

A turn ends as its plan says, with the line of a run that has written all of its chunks, and whose handler began. There are
two exceptions, and no others:

- CANCELED, where a client has asked for it before. Until a cancel has taken effect a handler may end its turn as planned,
  unless its plan takes longer than the server waits for it; such a task ends CANCELED and in no other way.
- FAILED as a dead letter, when the turn has lost as many runs as are allowed, or more: the one that gives it up may be lost
  too. The reason counts them. At least one of them began. Where only killed processes lose runs, so many processes have left.

A run that was lost leaves the first of its chunks behind; the next one starts the artifact anew.
"""
import dataclasses
import re

from load import PAUSED, TERMINAL

RUN_LINE = re.compile(r"^(\d+\.\d+) (?:(\d+)/(\d+)|done)$")
DEAD_LETTER = re.compile(r"^this turn was tried (\d+) times, ")
ENDS = {"complete": "TASK_STATE_COMPLETED", "fail": "TASK_STATE_FAILED", "input": "TASK_STATE_INPUT_REQUIRED"}


@dataclasses.dataclass
class Promise:
    """What is promised, under what is done to the servers and as they are set up."""
    overlaps: bool = False  # two handlers of one task may be at work
    once: bool = True       # a handler runs again only when its process was killed, or told to stop
    attempts: int = 101     # after so many lost runs a turn is a dead letter
    slots: int = 0          # so many handlers may be at work in one process (0: any number)
    quiet: bool = False     # nothing is done to the servers: every request is answered


def text_of(parts):
    return "".join(part.get("text", "") for part in parts)


def fold(log):
    """(status, artifacts as [(id, texts)]) of the task that the events describe."""
    status, artifacts = None, {}
    for _, item in log:
        if "statusUpdate" in item:
            status = item["statusUpdate"]["status"]
        elif "artifactUpdate" in item:
            update = item["artifactUpdate"]
            texts = artifacts.setdefault(update["artifact"]["artifactId"], [])
            if not update.get("append"):
                texts.clear()
            texts += [part.get("text") for part in update["artifact"]["parts"]]
    return status, artifacts


def shown(task):
    return task["status"], {a["artifactId"]: [part.get("text") for part in a["parts"]] for a in task.get("artifacts", [])}


def dead_letter(status):
    """How often a turn was tried that was given up; None: it was not."""
    found = DEAD_LETTER.match(text_of(status.get("message", {}).get("parts", [])))
    return int(found.group(1)) if found and status["state"] == "TASK_STATE_FAILED" else None


def turns_of(log):
    """The log, cut behind each event that ends a turn. What follows the last one is a turn that has not ended."""
    turns = [[]]
    for _, item in log:
        turns[-1].append(item)
        if "statusUpdate" in item and item["statusUpdate"]["status"]["state"] in TERMINAL | PAUSED:
            turns.append([])
    return turns if turns[-1] else turns[:-1]


class Turn:
    """What the events of one turn say."""

    def __init__(self, items):
        statuses = [item["statusUpdate"]["status"] for item in items if "statusUpdate" in item]
        self.states = [status["state"] for status in statuses]
        self.end = statuses[-1] if statuses else {"state": "nothing"}
        found = RUN_LINE.match(text_of(self.end.get("message", {}).get("parts", [])))
        self.done_by = found.group(1) if found and not found.group(2) else None
        self.updates = [item["artifactUpdate"] for item in items if "artifactUpdate" in item]

    def chunks(self):
        """[(run, number, of how many)]; a None where an update is no chunk."""
        found = [RUN_LINE.match(text_of(update["artifact"]["parts"]).rstrip("\n")) for update in self.updates]
        return [(m.group(1), int(m.group(2)), int(m.group(3))) if m and m.group(2) else None for m in found]


def judge(job, log, journal, promise):
    faults, name = [], f"{job.name} (task {job.task})"
    turns = [Turn(items) for items in turns_of(log)]
    if len(turns) != len(job.plans):
        faults.append(f"{name}: {len(job.plans)} messages were answered, its log has {len(turns)} turns")
    for number, (turn, (message, text)) in enumerate(zip(turns, job.plans), 1):
        plan = dict(field.split("=") for field in text.split())
        found = judge_end(job, turn, message, plan, journal, promise) + judge_way(job, turn, message, plan, journal)
        if turn.done_by and not promise.overlaps:
            found += judge_rest(turn, message, journal)
        faults += [f"{name}, turn {number} ({text}): {fault}" for fault in found]
    return faults + [f"{name}: {fault}" for fault in judge_final(job, log, turns)]


def judge_end(job, turn, message, plan, journal, promise):
    state, asked = turn.end["state"], ENDS[plan["end"]]
    if state == "TASK_STATE_CANCELED":
        return [] if job.cancel_asked else ["it ended CANCELED, and nobody has canceled it"]
    if tries := dead_letter(turn.end):
        return judge_dead_letter(tries, journal.of_turn.get(message, []), journal, promise)
    if job.has_to_be_canceled:
        return [f"it ended {state}, though its cancel was accepted long before"]
    if state != asked:
        return [f"it ended {state}, and {asked} was asked for; with {text_of(turn.end.get('message', {}).get('parts', []))!r}"]
    if not turn.done_by:
        return [f"it ended {state} without a run that says so"]
    written = [(number, of) for run, number, of in filter(None, turn.chunks()) if run == turn.done_by]
    wanted = int(plan["chunks"])
    if written != [(i, wanted) for i in range(1, wanted + 1)]:
        return [f"run {turn.done_by} ended it {state} after {len(written)} of {wanted} chunks"]
    return []


def judge_dead_letter(tries, runs, journal, promise):
    faults = []
    if tries < promise.attempts:
        faults.append(f"it was given up after {tries} runs, where {promise.attempts} are allowed")
    if not runs:
        faults.append("it was given up, though its handler never began")
    if promise.once and tries > journal.left:
        faults.append(f"it was given up for {tries} lost runs, and {journal.left} processes have left")
    return faults


def judge_way(job, turn, message, plan, journal):
    """The events before the end: in the order of a turn, each chunk of a run that began, marked as what it is."""
    faults = []
    if turn.states[:1] != ["TASK_STATE_SUBMITTED"] or set(turn.states[1:-1]) - {"TASK_STATE_WORKING"}:
        faults.append(f"its states are {turn.states}")
    for update, chunk in zip(turn.updates, turn.chunks()):
        if update["artifact"]["artifactId"] != f"out-{message}" or chunk is None or chunk[2] != int(plan["chunks"]):
            faults.append(f"it holds what no run of it writes: {update['artifact']}")
        elif (update.get("append", False), update.get("lastChunk", False)) != (chunk[1] > 1, chunk[1] == chunk[2]):
            faults.append(f"chunk {chunk[1]} of {chunk[2]} is marked wrongly: {update}")
    for run in sorted({chunk[0] for chunk in turn.chunks() if chunk} | ({turn.done_by} if turn.done_by else set())):
        began = journal.runs.get(run)
        if began is None or (began.task, began.message) != (job.task, message):
            faults.append(f"run {run} wrote to it, and its handler never began")
    return faults


def judge_rest(turn, message, journal):
    """A turn that has ended is over: nobody begins it again."""
    done = journal.runs.get(turn.done_by)
    if done is None or done.ended is None:
        return []
    return [f"run {run.name} began after {done.name} had ended the turn"
            for run in journal.of_turn[message] if run.began > done.ended]


def judge_final(job, log, turns):
    """The task that its client got at the end is the one of the log, with all of the conversation."""
    if not job.final or not log:
        return []
    faults = []
    status, artifacts = fold(log)
    if job.final["status"] != status:
        faults.append(f"{job.final['status']} was answered, its log says {status}")
    if shown(job.final)[1] != artifacts:
        faults.append("its artifacts are not what its events add up to")
    expected = []
    for (message, text), turn in zip(job.plans, turns):
        expected.append(("ROLE_USER", message, text))
        if turn.end["state"] in PAUSED:
            question = turn.end.get("message", {})
            expected.append((question.get("role"), question.get("messageId"), text_of(question.get("parts", []))))
    history = [(m["role"], m["messageId"], text_of(m["parts"])) for m in job.final.get("history", [])]
    if history != expected:
        faults.append(f"its history is {history}, and was {expected}")
    return faults


class Listing:
    """What the list shows at the end, page by page: every task that was answered, once, as it was answered."""

    def __init__(self, jobs):
        self.jobs, self.seen, self.faults = jobs, set(), []

    def add(self, task):
        job = self.jobs.get(task["id"])
        if task["id"] in self.seen:
            self.faults.append(f"the list shows task {task['id']} twice")
        self.seen.add(task["id"])
        if job is None:
            self.faults.append(f"the list shows task {task['id']}, and nobody was answered it")
        elif job.final and task != job.final:
            self.faults.append(f"{job.name} (task {job.task}): the list shows {task}, and {job.final} was answered")

    def judge(self, total):
        missing = [f"{job.name} was answered, and the list does not show its task {task}"
                   for task, job in self.jobs.items() if task not in self.seen]
        counted = [] if total == len(self.seen) else [f"the list counts {total} tasks, and shows {len(self.seen)}"]
        return self.faults + missing + counted
