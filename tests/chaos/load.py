"""Clients of every kind, each doing one job after the other, and what they were answered.

A client whose connection breaks does what a real one does: it repeats a send under its Idempotency-Key, and resumes a
stream behind the last event that it saw.
"""
import asyncio
import contextlib
import random

from a2a_client import BUSY, NOT_CANCELABLE, UNSUPPORTED, Lost, Refused, call, stream

TERMINAL = {"TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_REJECTED"}
PAUSED = {"TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"}
PAUSE = 0.02
# Half a minute, far more than a server waits for a handler that it has told to stop.
ENDLESS = "chunks=200 delay=150 stubborn={stubborn} end=complete linger=0"


class Job:
    """One task from its first message to its end, as its client saw it."""

    def __init__(self, kind, name):
        self.kind, self.name = kind, name
        self.task = None        # its id, once it was answered
        self.plans = []         # (message id, text) per turn
        self.answered = []      # states, in the order in which they were answered
        self.final = None       # the Task that the client got at the end
        self.views = []         # per subscriber: [(event id, StreamResponse)] over all its connections
        self.ended = False
        self.cancel_asked = False          # from before the first CancelTask on
        self.has_to_be_canceled = False    # a cancel was accepted long before its plan could come to an end
        self.doing = "nothing yet"


class Load:
    def __init__(self, server, seed, jobs_at_once, settings):
        self.server, self.random, self.at_once, self.settings = server, random.Random(seed), jobs_at_once, settings
        self.jobs, self.faults = [], []
        self.stopping = False
        self.open, self.busy = asyncio.Event(), 0  # whether clients may begin a job, and how many have
        self.open.set()
        self.long = 0  # how many jobs are at work for longer than a lease
        self.repeats = self.resumed = self.cut = self.turned_away = 0

    async def run(self):
        clients = asyncio.gather(*(self.client(i) for i in range(self.at_once)))
        bursts = asyncio.create_task(self.bursts()) if self.settings.get("slots") else None
        try:
            await clients
        finally:
            if bursts:
                bursts.cancel()

    async def bursts(self):
        """Where slots are few: now and then everybody comes at once, to servers that have nothing to do."""
        while not self.stopping:
            await asyncio.sleep(self.random.uniform(0.5, 2))
            self.open.clear()
            while self.busy and not self.stopping:
                await asyncio.sleep(PAUSE)
            self.open.set()

    async def client(self, index):
        kinds = [self.blocking, self.streaming, self.detached, self.cancelled, self.conversation, self.watched_by_two]
        while not self.stopping:
            do = self.random.choice(kinds)
            await self.open.wait()
            job = Job(do.__name__, f"job-{index}-{len(self.jobs)}")
            self.jobs.append(job)
            self.busy += 1
            try:
                await do(job)
                job.ended = True
            except Refused as e:
                self.faults.append(f"{job.name} ({job.kind}, task {job.task}), {job.doing}: the server answered {e}")
            except asyncio.CancelledError:
                return
            finally:
                self.busy -= 1

    # -- The kinds of jobs -----------------------------------------------------------------------------------------------
    async def blocking(self, job):
        await self.finish(job, await self.send(job, self.plan()))

    async def detached(self, job):
        """Does not wait; looks from time to time. Where slots are few, some of these outlast a lease."""
        slots = self.settings.get("slots", 0)
        long = self.long < slots and self.random.random() < 0.5
        self.long += long
        await self.send(job, self.long_plan() if long else self.plan(), wait=False)
        await self.until_ended(job)
        self.long -= long

    async def streaming(self, job):
        """A stream from the send on, cut now and then on purpose too."""
        view = []
        job.views.append(view)
        message = self.message(job, self.plan())
        job.doing = "streaming"
        while job.task is None:
            with contextlib.suppress(Lost), self.patience():
                await self.follow(job, view, "SendStreamingMessage", {"message": message},
                                  **{"Idempotency-Key": message["messageId"]})
                if job.task is None:
                    self.faults.append(f"{job.name}: a stream ended in order without a single event")
                    return
            if job.task is None:
                self.repeats += 1
                await self.pause()
        await self.resume(job, view)
        await self.until_ended(job)

    async def watched_by_two(self, job):
        """Two subscribers of one task, each with troubles of its own."""
        await self.send(job, self.plan(), wait=False)
        views = [[], []]
        job.views += views
        await asyncio.gather(*(self.resume(job, view) for view in views))
        await self.until_ended(job)

    async def cancelled(self, job):
        endless = self.random.random() < 0.15
        await self.send(job, ENDLESS.format(stubborn=int(self.random.random() < 0.2)) if endless else
                        self.plan(longer=True, stubborn=self.random.random() < 0.2), wait=False)
        await asyncio.sleep(self.random.random() * 0.2)
        job.doing = "canceling"
        job.cancel_asked, job.has_to_be_canceled = True, endless
        while True:
            try:
                task = await self.attempt("CancelTask", {"id": job.task})
            except Refused as e:
                if e.code != NOT_CANCELABLE:
                    raise
                await self.has_ended(job, e)
                break
            if task is not None:
                job.answered.append(task["status"]["state"])
                break
        await self.until_ended(job)

    async def conversation(self, job):
        """A question of the agent and its answer, perhaps twice."""
        task = await self.send(job, self.plan(end="input"))
        for turn in range(self.random.randint(1, 2)):
            if state_of(task) in TERMINAL:
                break
            if state_of(task) not in PAUSED:
                self.faults.append(f"{job.name}: a blocking send answered {state_of(task)}")
                return
            task = await self.send(job, self.plan(end="complete" if turn else self.random.choice(["complete", "input"])))
        if state_of(task) in PAUSED:
            task = await self.send(job, self.plan())
        await self.finish(job, task)

    # -- Pieces ----------------------------------------------------------------------------------------------------------
    def plan(self, longer=False, stubborn=False, end=None):
        chunks = self.random.choice([0, 1, 1, 2, 3, 5, 8])
        delay = self.random.choice([0, 0, 1, 5, 20])
        if longer:
            chunks, delay = self.random.randint(5, 20), 20
        scale = self.settings.get("slow", 1)
        end = end or self.random.choice(["complete"] * 5 + ["fail"])
        # A handler may stay for a while after its question: the answer meets its run.
        linger = self.random.choice([0, 0, 5, 50]) * scale if end == "input" else 0
        return f"chunks={chunks} delay={delay * scale} stubborn={int(stubborn)} end={end} linger={linger}"

    def long_plan(self):
        """Longer than a lease, and shorter than a drain waits."""
        seconds = min(4.5, self.settings["lease"] * self.random.uniform(1.2, 10))
        chunks = self.random.choice([1, 2, 5])
        return f"chunks={chunks} delay={int(1000 * seconds / chunks)} stubborn=0 end=complete linger=0"

    def message(self, job, text):
        message = {"messageId": f"{job.name}-{len(job.plans) + 1}", "role": "ROLE_USER", "parts": [{"text": text}]}
        if job.task:
            message["taskId"] = job.task
        job.plans.append((message["messageId"], text))
        return message

    async def attempt(self, method, params, **headers):
        """One try; None when it has to be made again, after a while."""
        try:
            return await call(self.server.port, method, params, **headers)
        except Lost:
            self.repeats += 1
        except Refused as e:
            if e.code != BUSY:
                raise
            self.turned_away += 1
        await self.pause()
        return None

    async def pause(self):
        await asyncio.sleep(PAUSE)
        await self.server.available()

    @contextlib.contextmanager
    def patience(self):
        """A server that starts or drains is no fault; everything else that it refuses is."""
        try:
            yield
        except Refused as e:
            if e.code != BUSY:
                raise
            self.turned_away += 1

    async def send_once(self, job, params):
        """One try under the message's key; the task, or None."""
        key = {"Idempotency-Key": params["message"]["messageId"]}
        result = await self.attempt("SendMessage", params, **key)
        if result is None:
            return None
        task = result["task"]
        if job.task not in (None, task["id"]):
            self.faults.append(f"{job.name}: one Idempotency-Key made two tasks: {job.task} and {task['id']}")
        job.task = task["id"]
        return task

    async def send(self, job, text, wait=True):
        message = self.message(job, text)
        job.doing = "sending " + message["messageId"]
        params = {"message": message, "configuration": {"returnImmediately": not wait}}
        while True:
            # Now and then twice at once, or once more after the answer, as a client does that has lost count.
            at_once = 2 if self.random.random() < 0.05 else 1
            tasks = await asyncio.gather(*(self.send_once(job, params) for _ in range(at_once)))
            tasks.sort(key=lambda one: one is not None and state_of(one) in TERMINAL)
            if self.random.random() < 0.05:
                tasks.append(await self.send_once(job, params))
            tasks = [one for one in tasks if one is not None]
            if not tasks:
                continue
            task = tasks[-1]
            job.answered += map(state_of, tasks)
            if not wait or state_of(task) in TERMINAL | PAUSED:
                return task
            # A drain answered with the task as it stood.
            await asyncio.sleep(PAUSE)

    async def finish(self, job, task):
        if state_of(task) not in TERMINAL:
            self.faults.append(f"{job.name}: a blocking send of a whole job answered {state_of(task)}")
            return
        job.final = task

    async def until_ended(self, job):
        job.doing = "waiting for the end"
        while True:
            task = await self.attempt("GetTask", {"id": job.task})
            if task is not None:
                job.answered.append(state_of(task))
                if state_of(task) in TERMINAL:
                    job.final = task
                    return
            await asyncio.sleep(self.random.choice([PAUSE, 0.1]))

    async def has_ended(self, job, refusal):
        """What is refused because a task has ended is refused of no other."""
        while (task := await self.attempt("GetTask", {"id": job.task})) is None:
            pass
        if state_of(task) not in TERMINAL:
            self.faults.append(f"{job.name}: the server answered {refusal}, and the task is in {state_of(task)}")

    async def follow(self, job, view, method, params, **headers):
        """Adds to `view` what one connection brings; cuts it on purpose now and then. True: the stream has ended."""
        cut_after = self.random.choice([None, None, None, 1, 2, 3])
        count, farewell = 0, []
        events = stream(self.server.port, method, params, farewell, **headers)
        try:
            async for event, item in events:
                if "task" in item:
                    self.first_of_a_stream(job, item["task"], headers)
                view.append((event, item))
                count += 1
                if count == cut_after and not ends(item):
                    self.cut += 1
                    return False
        finally:
            await events.aclose()
        ended = bool(view) and ends(view[-1][1])
        if not ended and not farewell:
            self.faults.append(f"{job.name}: a stream ended before its task, and nobody was told to come again")
        return ended

    def first_of_a_stream(self, job, task, headers):
        if "Last-Event-ID" in headers:
            self.faults.append(f"{job.name}: what follows event {headers['Last-Event-ID']} was asked for, and the Task came")
        if job.task not in (None, task["id"]):
            self.faults.append(f"{job.name}: the stream of task {job.task} began with task {task['id']}")
        job.task = task["id"]

    async def resume(self, job, view):
        """Watches until the end of the task, over as many connections as it takes."""
        job.doing = "subscribing"
        from_the_start = self.random.random() < 0.3
        while not (view and ends(view[-1][1])):
            headers = {}
            if view:
                headers["Last-Event-ID"] = str(view[-1][0])
                self.resumed += 1
            elif from_the_start:
                headers["Last-Event-ID"] = "0"
            try:
                with contextlib.suppress(Lost), self.patience():
                    await self.follow(job, view, "SubscribeToTask", {"id": job.task}, **headers)
                    continue
            except Refused as e:
                if e.code != UNSUPPORTED or view or headers:
                    raise
                await self.has_ended(job, e)
                # It ended before this subscriber came: all there is to see is in the log.
                from_the_start = True
            await self.pause()


def state_of(task):
    return task["status"]["state"]


def ends(item):
    """Whether a subscription is over after this item."""
    if "task" in item:
        return state_of(item["task"]) in TERMINAL
    return "statusUpdate" in item and item["statusUpdate"]["status"]["state"] in TERMINAL


async def read_log(port, task):
    """The whole event log of a finished task, as a subscriber gets it."""
    return [(event, item) async for event, item in
            stream(port, "SubscribeToTask", {"id": task}, **{"Last-Event-ID": "0"})]
