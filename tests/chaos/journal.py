"""What the handlers noted of themselves, over all processes of a test.

    start TASK MESSAGE RUN ATTEMPT     a handler begins; a run's name begins with the number of its process
    end TASK MESSAGE RUN               it has returned
    stopping PROCESS                   a process is about to be told to drain
    dead PROCESS                       a process is about to be killed, or is gone: its handlers ended with it
"""
import collections
import dataclasses


@dataclasses.dataclass
class Run:
    name: str
    task: str
    message: str
    attempt: int
    began: int            # the number of its line
    left_before: int      # how many processes had died, or were told to stop, by then
    ended: int = None     # the line of its handler's return; none when its process took it along
    let_go: bool = False  # its process was told to stop, or died, before its handler returned

    @property
    def process(self):
        return self.name.split(".")[0]


class Journal:
    def __init__(self, lines):
        self.runs = {}                                  # by name
        self.of_turn = collections.defaultdict(list)    # by message, in the order of their beginnings
        self.overlaps = []                              # (run, the runs of its task that had not ended)
        self.repeated = 0
        self.at_once = collections.Counter()            # by process, at most
        running, leaving = collections.defaultdict(list), set()
        for at, (word, *rest) in enumerate(map(str.split, lines)):
            if word in ("stopping", "dead"):
                self._leave(rest[0], leaving, running, word == "dead")
            elif word == "start":
                run = Run(rest[2], rest[0], rest[1], int(rest[3]), at, len(leaving), let_go=rest[2].split(".")[0] in leaving)
                self.runs[run.name] = run
                self.of_turn[run.message].append(run)
                self.repeated += run.attempt > 1
                if running[run.task]:
                    self.overlaps.append((run, list(running[run.task])))
                running[run.task].append(run)
                at_once = sum(other.process == run.process for runs in running.values() for other in runs)
                self.at_once[run.process] = max(self.at_once[run.process], at_once)
            elif run := self.runs.get(rest[2]):
                run.ended = at
                if run in running[run.task]:
                    running[run.task].remove(run)
            if word in ("start", "end") and not running[rest[0]]:
                del running[rest[0]]
        self.left = len(leaving)

    @staticmethod
    def _leave(process, leaving, running, dead):
        leaving.add(process)
        for runs in running.values():
            for run in runs:
                run.let_go = run.let_go or run.process == process
            if dead:
                runs[:] = [run for run in runs if run.process != process]


def judge(journal, jobs, promise):
    """`jobs`: all that were begun; `promise`: what the torments leave of it."""
    faults = []
    if not promise.overlaps:
        faults += [f"task {run.task}: run {run.name} began while {', '.join(r.name for r in others)} was still running"
                   for run, others in journal.overlaps]
    faults += [f"process {process} had {count} handlers at work, of {promise.slots} that it may"
               for process, count in journal.at_once.items() if promise.slots and count > promise.slots]
    owners = {message: job for job in jobs for message, _ in job.plans}
    for message, runs in journal.of_turn.items():
        job = owners.get(message)
        if job is None:
            faults.append(f"message {message}: run {runs[0].name} began, and nobody has sent it")
        for task in {run.task for run in runs} - {job.task if job and job.task else runs[0].task}:
            faults.append(f"message {message}: a run began for task {task}, which is not the one that was answered")
        faults += [f"message {message}: run {run.name} is attempt {run.attempt}, and {promise.attempts} are allowed"
                   for run in runs if run.attempt > promise.attempts]
        if promise.once:
            faults += judge_repeats(message, runs)
    return faults


def judge_repeats(message, runs):
    """Nobody but a process that leaves lets go of a run: a handler runs once, however long it takes."""
    faults = []
    for before, run in zip(runs, runs[1:]):
        if not before.let_go:
            faults.append(f"message {message}: run {run.name} began though {before.name} was never taken from its process")
    for run in runs:
        if run.attempt > 1 + run.left_before:
            faults.append(f"message {message}: run {run.name} is attempt {run.attempt}, and {run.left_before} processes had left")
    return faults
