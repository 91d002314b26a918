"""A reload of nginx closes no connection on which a user may send just then, however long it had been idle."""

from __future__ import annotations

import asyncio
import time

import pytest

from lab.traffic.__main__ import target_of
from lab.traffic.client import Client, RequestFailed
from tests.lab_server import Lab

IDLE_S = 10.2  # longer than the 10 s that nginx protected before; it ends a connection after 12 s
ENDS_S, ATTEMPTS = 11.8, 5
USERS = 8
# the way into the container takes a second on a busy machine: the reload is there already, and waits for its moment
RELOAD_AT = 'while [ "$(date +%s%3N)" -lt "$1" ]; do sleep 0.05; done; nginx -s reload'


@pytest.mark.slow
def test_a_connection_that_was_idle_for_ten_seconds_is_answered_after_a_reload(lab: Lab) -> None:
    for _ in range(ATTEMPTS):
        took_s, statuses = asyncio.run(_ask_after_a_reload(lab))
        if took_s < ENDS_S:  # otherwise this machine was too slow, and nginx right to end them
            break
    assert took_s < ENDS_S
    assert statuses == [200] * USERS


async def _ask_after_a_reload(lab: Lab) -> tuple[float, list[int]]:
    target = target_of(lab.instance)
    users = [await Client.connect(target) for _ in range(USERS)]
    began = time.monotonic()
    for user in users:
        assert (await user.request("GET", "/release.json")).keep_alive
    moment = f"{(time.time() + IDLE_S) * 1000:.0f}"
    reload = asyncio.create_task(asyncio.to_thread(
        lab.on_server, "docker", "exec", "gw2-staging-nginx-1", "sh", "-c", RELOAD_AT, "sh", moment))
    await asyncio.sleep(IDLE_S + 0.7)  # the previous workers are asked to end after 0.1 s
    took_s = time.monotonic() - began
    statuses = [await _status(user) for user in users]
    await reload
    for user in users:
        user.close()
    return took_s, statuses


async def _status(user: Client) -> int:
    """0 when the connection is closed; what nginx says about 10 s is not heeded here."""
    try:
        return (await user.request("GET", "/release.json")).status
    except RequestFailed:
        return 0
