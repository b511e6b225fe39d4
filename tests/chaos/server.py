"""The process that is killed: starts it on one data directory, again and again."""
import asyncio
import itertools
import os
import signal
import subprocess
import time


class Ended(Exception):
    """The server ended by itself, or never came up."""

    def __init__(self, status, last_lines):
        super().__init__(f"the server ended by itself, with {status}:\n{last_lines}")
        self.status = status


class Server:
    """Servers of one directory share its journal; each process has a number of its own there."""
    numbers = itertools.count(1)

    def __init__(self, program, directory, arguments, environment, name="server"):
        self.directory = directory
        self.journal = directory / "journal"
        self.log = directory / f"{name}.log"
        self.command = [str(program), "--journal", str(self.journal), *arguments]
        self.environment = {**os.environ, "A2AKIT_HOST": "127.0.0.1", "A2AKIT_PORT": "0", "A2AKIT_LOG_LEVEL": "info",
                            "A2AKIT_CANCEL_FORCE_TIMEOUT": "2", "A2AKIT_CANCEL_WAIT": "0.5",
                            "A2AKIT_DRAIN_TIMEOUT": "5", **environment}
        self.port, self.process = 0, None
        self.before = None  # called in the new process, before it becomes the server
        self.up = asyncio.Event()
        self.kills = self.starts = self.stops = 0
        self.slowest_start = 0.0

    async def start(self, kill_after=None):
        """Returns once it listens; with `kill_after`, it is killed so many seconds after it was started, up or not."""
        began = time.monotonic()
        self.number = next(self.numbers)
        log = open(self.log, "ab")
        self.process = await asyncio.create_subprocess_exec(*self.command, "--process", str(self.number), stderr=log,
                                                            env=self.environment, stdout=asyncio.subprocess.PIPE,
                                                            preexec_fn=self.before)
        log.close()
        self.starts += 1
        if kill_after is not None:
            await asyncio.sleep(kill_after)
            await self.kill()
            return
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        if not line.startswith(b"READY "):
            raise Ended(await self.process.wait(), self.last_lines())
        self.slowest_start = max(self.slowest_start, time.monotonic() - began)
        self.port = int(line.rsplit(b":", 1)[1])
        self.up.set()

    async def kill(self):
        self.up.clear()
        if self.process.returncode is not None:
            raise Ended(self.process.returncode, self.last_lines())
        # Before it, in case that somebody is quicker to take over; and after it, for what began in between.
        self.note_death()
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        self.note_death()
        self.kills += 1

    async def freeze(self, seconds):
        """A stalled process: it does nothing for a while, and then goes on as if nothing had happened."""
        self.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)
        self.stops += 1

    async def terminate(self):
        """Asks it to drain; its exit status."""
        self.up.clear()
        self.note(f"stopping {self.number}")
        self.process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(self.process.wait(), 30)
        self.note_death()
        return status

    def note_death(self):
        """Its handlers ended with it, without a word."""
        self.note(f"dead {self.number}")

    def note(self, line):
        with open(self.journal, "a") as journal:
            journal.write(line + "\n")

    async def available(self):
        await self.up.wait()

    def last_lines(self):
        return subprocess.run(["tail", "-20", str(self.log)], capture_output=True, text=True).stdout

    def end(self):
        if self.process and self.process.returncode is None:
            self.process.kill()
