"""An open loop: each request is sent when it is due, whatever happened to earlier ones."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.traffic.client import Client, RequestFailed, Target
from lab.traffic.counters import Counters
from lab.traffic.virtual_user import Request, VirtualUser

TIMEOUT_S = 5.0
KEPT_ALIVE = 64
IDLE_S = 5.0  # a slow load uses fewer connections, so that each is reused while it is still kept alive
MAX_CLIENTS = 900  # fewer than nginx accepts: requests that a slow server cannot answer are counted as failures
NEW_CONNECTION_EVERY = 41  # odd, so that it applies to reads and writes alternately


@dataclass
class Generator:
    """Sends `rate` requests a second through many kept-alive connections, each used in turn."""

    target: Target
    user: VirtualUser
    counters: Counters
    timeout_s: float = TIMEOUT_S
    kept_alive: int = KEPT_ALIVE
    _idle: deque[Client] = field(default_factory=deque)
    _open: int = 0

    async def run(self, rate: float, seconds: float, stopped: asyncio.Event,
                  each_second: Callable[[int, int, int], None] = lambda second, sent, failed: None) -> None:
        """Send until the time is over or `stopped` is set, then wait for outstanding replies.

        `each_second(number, sent, failed)` is called for each settled second, in order.
        """
        connections = min(self.kept_alive, math.ceil(rate * IDLE_S))
        opened = await asyncio.gather(*(self._opened() for _ in range(connections)))
        self._idle.extend([client for client in opened if client])
        begin = time.monotonic()
        self.counters.began_at = time.time()
        reporting = asyncio.create_task(self._keep_reporting(begin, each_second))
        in_progress: set[asyncio.Task[None]] = set()
        number = 0
        while not stopped.is_set() and (due_s := number / rate) < seconds:
            late_s = time.monotonic() - begin - due_s
            if late_s < 0:
                await asyncio.sleep(-late_s)
                late_s = time.monotonic() - begin - due_s
            task = asyncio.create_task(self._one(number, due_s, max(0.0, late_s)))
            in_progress.add(task)
            task.add_done_callback(in_progress.discard)
            number += 1
            if number % 16 == 0:
                await asyncio.sleep(0)  # also when late: replies have to be read
        if in_progress:
            await asyncio.wait(in_progress, timeout=self.timeout_s + 1)
        reporting.cancel()
        self._report(each_second, self.counters.settled(time.monotonic() - begin + 1))
        for client in self._idle:
            client.close()

    async def _one(self, number: int, due_s: float, late_s: float) -> None:
        closes = number % NEW_CONNECTION_EVERY == 0
        request = self.user.request(number, closes=closes)
        self.counters.begin(due_s, late_s, post=request.method == "POST")
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.timeout_s):
                why = await self._send(request, new_connection=closes)
        except TimeoutError:
            why = f"no reply within {self.timeout_s:g} s"
        except RequestFailed as failure:
            why = str(failure)
        self.counters.end(due_s, time.monotonic() - began, str(request), why, writes=request.writes)

    async def _send(self, request: Request, *, new_connection: bool) -> str:
        client = await self._connect() if new_connection else await self._take()
        keep = False
        try:
            reply = await client.request(request.method, request.path, request.body, request.headers)
            keep = reply.keep_alive and not new_connection
            return request.judge(reply)
        finally:
            if keep:
                self._idle.append(client)
            else:
                self._drop(client)

    async def _take(self) -> Client:
        while self._idle:
            client = self._idle.popleft()
            if client.usable:
                return client
            self._drop(client)
        return await self._connect()

    async def _connect(self) -> Client:
        if self._open >= MAX_CLIENTS:
            raise RequestFailed(f"all {MAX_CLIENTS} connections wait for a reply")
        self._open += 1
        try:
            return await Client.connect(self.target)
        except BaseException:
            self._open -= 1
            raise

    async def _opened(self) -> Client | None:
        try:
            return await self._connect()
        except RequestFailed:
            return None  # the requests will fail the same way, and be counted

    def _drop(self, client: Client) -> None:
        self._open -= 1
        client.close()

    async def _keep_reporting(self, begin: float, each_second: Callable[[int, int, int], None]) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._report(each_second, self.counters.settled(time.monotonic() - begin))

    _reported: int = 0

    def _report(self, each_second: Callable[[int, int, int], None], settled: int) -> None:
        for second in range(self._reported, settled):
            each_second(second, self.counters.sent[second], self.counters.failed[second])
        self._reported = max(self._reported, settled)
