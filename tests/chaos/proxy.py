"""A TCP proxy between one node and one engine, which forwards everything until it is told to misbehave. Knows no protocol."""
import asyncio


class Link:
    """One connection, in both directions."""

    def __init__(self, *writers):
        self.writers = writers
        self.doomed = False  # the next answer is lost, and the connection with it
        self.passable = asyncio.Event()
        self.passable.set()

    def cut(self):
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    def __init__(self, target, rng):
        self.target, self.random = target, rng
        self.links = set()
        self.refusing = False
        self.delay = 0          # a chunk waits up to so many seconds
        self.to_lose = 0        # so many answers get lost
        self.lost = self.cuts = 0

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def end(self):
        self.server.close()
        self.cut()
        while self.links:
            await asyncio.sleep(0.01)

    # -- Misbehaviour ----------------------------------------------------------------------------------------------------
    def cut(self):
        """Every connection breaks, whatever is under way."""
        self.cuts += len(self.links)
        for link in set(self.links):
            link.cut()

    async def part(self, seconds):
        """Nobody gets through for a while, and is told so at once."""
        self.refusing = True
        self.cut()
        await asyncio.sleep(seconds)
        self.refusing = False

    async def hold(self, seconds, share):
        """Some connections go silent for a while, and nobody is told. What they were given arrives late, even when whoever
        sent it has given up meanwhile."""
        held = [link for link in self.links if self.random.random() < share]
        for link in held:
            link.passable.clear()
        await asyncio.sleep(seconds)
        for link in held:
            link.passable.set()

    async def slow_down(self, most, seconds):
        self.delay = most
        await asyncio.sleep(seconds)
        self.delay = 0

    async def lose_answers(self, count, seconds):
        """The engine carries out what it is told, and whoever told it never learns of that."""
        self.to_lose = count
        await asyncio.sleep(seconds)
        self.to_lose = 0

    # -- Forwarding ------------------------------------------------------------------------------------------------------
    async def _serve(self, reader, writer):
        if self.refusing:
            return writer.transport.abort()
        try:
            engine_reader, engine_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        link = Link(writer, engine_writer)
        self.links.add(link)
        await asyncio.gather(self._forward(link, reader, engine_writer, asks=True),
                             self._forward(link, engine_reader, writer, asks=False))
        self.links.discard(link)
        link.cut()

    async def _forward(self, link, reader, writer, asks):
        try:
            while data := await reader.read(65536):
                await link.passable.wait()
                if self.delay:
                    await asyncio.sleep(self.random.uniform(0, self.delay))
                if link.doomed and not asks:
                    self.lost += 1
                    return link.cut()
                if asks and self.to_lose > 0:
                    self.to_lose -= 1
                    link.doomed = True
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            link.cut()
