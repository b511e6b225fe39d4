"""One server on data of its own, and everything that is done to it."""
import asyncio
import random
import time

import database
from server import Server


def environment_of(args, directory, lease):
    url = f"sqlite:{directory / 'data' / 'a2akit.db'}"
    environment = {}
    if args.backend in ("sqlite", "sqlite-normal"):
        environment = dict.fromkeys(["A2AKIT_STORAGE", "A2AKIT_BROKER", "A2AKIT_EVENT_BUS", "A2AKIT_CANCEL_REGISTRY"], url)
    elif args.backend == "mixed":
        environment = {"A2AKIT_STORAGE": url}
    if args.backend == "sqlite-normal":
        environment["A2AKIT_SQLITE_SYNCHRONOUS"] = "normal"
    if args.backend != "memory":
        environment["A2AKIT_MAX_STORED_TASKS"] = "0"
    return environment | limits_of(args, lease)


def limits_of(args, lease):
    slots = {"A2AKIT_MAX_CONCURRENT_TASKS": str(args.slots)} if args.slots else {}
    return {"A2AKIT_LEASE": str(lease), "A2AKIT_MAX_RETRIES": str(args.retries), **slots}


class OneNode:
    def __init__(self, args, directory, arguments):
        self.args, self.directory = args, directory
        self.random = random.Random(args.seed)
        if "renewals" in args.without:
            # Another node takes the runs over; within one process the broker would wait for the handler.
            arguments = [*arguments, "--nodes", "2"]
        (directory / "data").mkdir(exist_ok=True)
        self.overlaps = args.stops or "renewals" in args.without
        # Who is stopped is over its lease soon; nobody else is, on a machine that is busy, unless handlers are to outlast it.
        self.lease = args.lease or (0.5 if self.overlaps else 1.0 if args.slots else 15.0)
        self.once = not self.overlaps
        self.quiet = not args.kills and not args.without
        self.server = Server(args.program, directory, arguments, environment_of(args, directory, self.lease))
        self.journal = self.server.journal

    @property
    def port(self):
        return self.server.port

    async def available(self):
        await self.server.available()

    async def start(self):
        await self.server.start()

    async def torment(self):
        """Kills and restarts until there were enough kills."""
        server, args, rng = self.server, self.args, self.random
        if not args.kills:
            return await asyncio.sleep(args.seconds)
        end = time.monotonic() + args.minutes * 60 if args.minutes else None
        while server.kills < args.kills and not (end and time.monotonic() > end):
            # Mostly in the thick of it, sometimes right after it is up.
            await asyncio.sleep(rng.choice([rng.uniform(0, 0.05), rng.uniform(0.05, 0.6), rng.expovariate(1)]))
            if args.stops and rng.random() < 0.5:
                await server.freeze(rng.uniform(0.5, 1.5))
                await asyncio.sleep(rng.uniform(0, 0.5))
            await server.kill()
            while rng.random() < 0.1 and server.kills < args.kills:
                await server.start(kill_after=rng.uniform(0, 0.05))
            await server.start()
            if server.kills % 50 == 0:
                print(f"{server.kills} kills", flush=True)

    async def stop(self):
        """The faults of its drain."""
        status = await self.server.terminate()
        return [f"the drain at the end exited with {status}"] if status else []

    def left(self):
        return None if self.args.backend == "memory" else database.read_sqlite(self.directory / "data" / "a2akit.db")

    async def end(self):
        self.server.end()

    def summary(self):
        server = self.server
        return (f"kills={server.kills} starts={server.starts} stops={server.stops} "
                f"slowest_start={server.slowest_start:.3f}s")
