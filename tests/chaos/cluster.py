"""Several nodes on engines that they share, and everything that is done to them."""
import asyncio
import contextlib
import pathlib
import random
import sys
import time

import database
from one_node import limits_of
from proxy import Proxy
from server import Ended, Server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import engines  # noqa: E402

NAME = "chaos"
LEASE = 1.0
# Where no two handlers may overlap, a machine that is busy must not make a lease run out.
LONG_LEASE = 3.0
TORMENTS = ["kill", "drain", "stop", "cut", "delay", "lose", "restart"]


class Node:
    """One server, and a proxy before each engine that it uses."""

    def __init__(self, args, directory, arguments, mix, lease, number):
        self.random = random.Random(args.seed + 100 + number)
        self.proxies = [Proxy(engine.port, self.random) for engine in mix]
        self.mix, self.lease, self.limits = mix, lease, limits_of(args, lease)
        self.server = Server(args.program, directory, arguments, {}, f"node-{number}")
        self.refused_starts = self.drains = 0

    async def start(self):
        environment = {"A2AKIT_MAX_STORED_TASKS": "0", "A2AKIT_THREADS": "1", **self.limits}
        for proxy, engine in zip(self.proxies, self.mix):
            await proxy.start()
            environment.update(engine.environment(NAME, proxy.port))
        self.server.environment.update(environment)
        await self.server.start()

    async def start_again(self):
        """As a supervisor does it: until an engine that is away is back."""
        while True:
            try:
                return await self.server.start()
            except Ended as e:
                if e.status != 1:
                    raise
                self.refused_starts += 1
                await asyncio.sleep(0.2)

    # -- What is done to it ----------------------------------------------------------------------------------------------
    async def kill(self):
        await self.server.kill()
        await asyncio.sleep(self.random.choice([0, self.random.uniform(0, 2 * self.lease)]))
        while self.random.random() < 0.1:
            with contextlib.suppress(Ended):
                await self.server.start(kill_after=self.random.uniform(0, 0.1))
        await self.start_again()

    async def drain(self):
        if status := await self.server.terminate():
            raise Ended(status, self.server.last_lines())
        self.drains += 1
        await self.start_again()

    async def stop(self):
        await self.server.freeze(self.random.uniform(0.5, 3) * self.lease)

    async def cut(self):
        proxy = self.random.choice(self.proxies)
        how = self.random.choice(["cut", "part", "hold"])
        if how == "cut":
            proxy.cut()
        elif how == "part":
            await proxy.part(self.random.uniform(0.1, 3) * self.lease)
        else:
            # Now and then for longer than a node waits for an answer.
            await proxy.hold(self.random.choice([1, 1, 2, 3, 12]) * self.random.uniform(0.1, 1.2), self.random.random())

    async def delay(self):
        await self.random.choice(self.proxies).slow_down(self.random.uniform(0.005, 0.1), self.random.uniform(0.5, 3))

    async def lose(self):
        await self.random.choice(self.proxies).lose_answers(self.random.randint(1, 20), self.random.uniform(0.1, 1))

    async def suffer(self, torments, over):
        while not over.is_set():
            await asyncio.sleep(self.random.choice([self.random.uniform(0, 0.5), self.random.expovariate(0.5)]))
            await getattr(self, self.random.choice(torments))()


class Cluster:
    """What clients talk to: any node that is up."""

    def __init__(self, args, directory, arguments):
        self.args, self.directory, self.arguments = args, directory, arguments
        self.random = random.Random(args.seed + 50)
        self.mix = engines.of(args.backend)
        self.nodes = []
        self.torments = [name for name in args.torments.split(",") if name]
        # Who cannot reach Storage, or stands still, goes on for a while with what another has taken over.
        self.overlaps = bool(set(self.torments) - {"kill", "drain", "lose"})
        # And where answers get lost, a run may be given back.
        self.once = not set(self.torments) - {"kill", "drain"}
        self.quiet = not self.torments and not args.without
        self.lease = args.lease or (LEASE if self.overlaps else LONG_LEASE)

    @property
    def journal(self):
        return self.nodes[0].server.journal

    @property
    def port(self):
        up = [node.server.port for node in self.nodes if node.server.up.is_set()]
        return self.random.choice(up or [self.nodes[0].server.port])

    async def available(self):
        while not any(node.server.up.is_set() for node in self.nodes):
            await asyncio.sleep(0.02)

    async def start(self):
        for engine in self.mix:
            await asyncio.to_thread(engine.start)
        self.nodes = [Node(self.args, self.directory, self.arguments, self.mix, self.lease, i)
                      for i in range(1, self.args.nodes + 1)]
        await asyncio.gather(*(node.start() for node in self.nodes))

    async def torment(self):
        """Returns when there was enough of it, and everything runs again."""
        over = asyncio.Event()
        of_nodes = [name for name in self.torments if name != "restart"]
        sufferers = [node.suffer(of_nodes, over) for node in self.nodes if of_nodes]
        if "restart" in self.torments:
            sufferers += [self.restart_at_times(engine, over) for engine in self.mix]
        await asyncio.gather(self.until_enough(over), *sufferers)

    async def until_enough(self, over):
        began, said, seconds = time.monotonic(), 0, self.args.minutes * 60 if self.args.minutes else None
        if not seconds and not (self.args.kills and "kill" in self.torments):
            seconds = self.args.seconds
        while time.monotonic() < began + seconds if seconds else self.kills < self.args.kills:
            await asyncio.sleep(0.1)
            if time.monotonic() > began + 60 * (said + 1):
                said += 1
                print(f"{said} min: {self.summary()}", flush=True)
        over.set()

    async def restart_at_times(self, engine, over):
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(over.wait(), self.random.uniform(5, 20))
            if over.is_set():
                return
            await asyncio.to_thread(engine.restart, self.random)

    @property
    def kills(self):
        return sum(node.server.kills for node in self.nodes)

    async def stop(self):
        """Waits until nothing is left to be done; then everybody drains. The faults."""
        deadline = time.monotonic() + self.args.settle
        while any(waiting := [await asyncio.to_thread(engine.waiting, NAME) for engine in self.mix]):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        faults = [f"{count} entries are left in the queue of {type(engine).__name__} after {self.args.settle:g} s of rest"
                  for count, engine in zip(waiting, self.mix) if count]
        statuses = await asyncio.gather(*(node.server.terminate() for node in self.nodes))
        return faults + [f"the drain of node {i} at the end exited with {status}"
                         for i, status in enumerate(statuses, 1) if status]

    def left(self):
        return database.read_postgres(self.mix[0].server.sql, NAME)

    async def end(self):
        for node in self.nodes:
            node.server.end()
            for proxy in node.proxies:
                await proxy.end()
        for engine in self.mix:
            engine.end()

    def summary(self):
        servers = [node.server for node in self.nodes]
        proxies = [proxy for node in self.nodes for proxy in node.proxies]
        return (f"nodes={len(servers)} kills={self.kills} drains={sum(n.drains for n in self.nodes)} "
                f"starts={sum(s.starts for s in servers)} of_them_refused={sum(n.refused_starts for n in self.nodes)} "
                f"stops={sum(s.stops for s in servers)} connections_cut={sum(p.cuts for p in proxies)} "
                f"answers_lost={sum(p.lost for p in proxies)} restarts={sum(e.restarts for e in self.mix)}")
