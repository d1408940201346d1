"""A TCP proxy that does to connections what networks do: delays, narrows, silences, resets and refuses them."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

HOST = "127.0.0.1"
CHUNK = 64 * 1024
PATIENCE = 30.0
# Closing a socket that lingers for no time sends a reset instead of an end.
_NO_LINGER = struct.pack("ii", 1, 0)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Toxic:
    """``latency`` in seconds is added to each piece of an answer, ``rate`` in bytes a second narrows answers (0: not).

    After ``cut_after`` bytes of answers a connection is reset: 0 lets the request through and loses the answer. A
    ``silent`` proxy keeps connections open and passes nothing; one that ``refuses`` resets each new one.
    """

    latency: float = 0.0
    rate: int = 0
    cut_after: int | None = None
    silent: bool = False
    refuses: bool = False


HEALTHY = Toxic()


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    answered: int = 0
    pumps: set[asyncio.Task[None]] = field(default_factory=set)

    def reset(self) -> None:
        for writer in (self.client, self.server):
            if writer is not None:
                handle = writer.get_extra_info("socket")
                if handle is not None:
                    with suppress(OSError):
                        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                writer.transport.abort()


class ToxicProxy:
    """Before the server at ``upstream`` of this machine, which may come and go. Use as a context manager."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._toxic = HEALTHY
        self._living: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{upstream}", daemon=True)
        self.port = 0
        self.connections = 0
        self.resets = 0

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._meet, HOST, 0), self._loop).result(10)
        self._server = server
        self.port = int(server.sockets[0].getsockname()[1])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def infect(self, toxic: Toxic) -> None:
        """What is to happen to connections from now on, living ones among them."""
        self._call(lambda: self._become(toxic))

    def heal(self) -> None:
        self.infect(HEALTHY)

    def cut(self) -> int:
        """Reset every living connection; how many there were."""
        return self._call(self._cut)

    @property
    def living(self) -> int:
        return len(self._living)

    def _call(self, action: Callable[[], T]) -> T:
        async def act() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    def _become(self, toxic: Toxic) -> None:
        self._toxic = toxic
        for one in self._living:
            one.answered = 0
        self._changed.set()
        self._changed = asyncio.Event()

    def _cut(self) -> int:
        living = list(self._living)
        for one in living:
            one.reset()
        self.resets += len(living)
        return len(living)

    async def _stop(self) -> None:
        self._server.close()
        pumps = [pump for one in self._living for pump in one.pumps]
        self._cut()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=5)
        # Sockets are closed in the loop's next round.
        await asyncio.sleep(0.05)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self.connections += 1
        if self._toxic.refuses:
            self.resets += 1
            return connection.reset()
        self._living.add(connection)
        try:
            from_server, connection.server = await asyncio.open_connection(HOST, self._upstream)
            questions = asyncio.ensure_future(self._pump(reader, connection.server, connection, answers=False))
            answers = asyncio.ensure_future(self._pump(from_server, writer, connection, answers=True))
            connection.pumps |= {questions, answers}
            await asyncio.wait({questions, answers}, return_when=asyncio.FIRST_COMPLETED)
            if answers.done():
                questions.cancel()
            # Who has asked and hung up may still be answered, and the server shall learn that it is alone.
            await asyncio.wait({questions, answers}, timeout=PATIENCE)
            for pump in connection.pumps:
                pump.cancel()
        except OSError:
            connection.reset()
        finally:
            self._living.discard(connection)
            for side in (connection.client, connection.server):
                if side is not None:
                    side.close()
        return None

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, connection: _Connection, *, answers: bool
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while piece := await source.read(CHUNK):
                while self._toxic.silent:
                    await self._changed.wait()
                toxic = self._toxic
                if answers and toxic is not HEALTHY and not await self._suffer(toxic, piece, connection):
                    return
                target.write(piece)
                await target.drain()
            if not answers and target.can_write_eof():
                target.write_eof()

    async def _suffer(self, toxic: Toxic, piece: bytes, connection: _Connection) -> bool:
        """Whether the piece of an answer goes on; if not, the connection has been reset."""
        await asyncio.sleep(toxic.latency + (len(piece) / toxic.rate if toxic.rate else 0))
        connection.answered += len(piece)
        if toxic.cut_after is None or connection.answered <= toxic.cut_after:
            return True
        if left := len(piece) - (connection.answered - toxic.cut_after):
            connection.client.write(piece[:left])
            with suppress(OSError):
                await connection.client.drain()
        self.resets += 1
        connection.reset()
        return False
