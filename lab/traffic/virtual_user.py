"""What the load requests, which reply is the expected one, and how its rows are removed.

Half are POSTs: one in five writes a build to the database as a synthetic user, the others end a session in Redis. Four
workers with one CPU could not write a hundred builds a second during a deployment; only that limit would be
measured. The other half read the API and the page.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from lab.errors import CommandFailed, LabError
from lab.instance import Instance
from lab.processes import output
from lab.traffic.client import Client, Reply, RequestFailed, Target

API = "/api/v1"
READS = (f"{API}/squads?limit=5", "/release.json", f"{API}/health", "/")
START_TIMEOUT_S = 20.0
BUILD_EVERY = 5
# As the superuser and without triggers: each deleted build would otherwise search squad_members from end to end.
DELETE_ROWS = """
SET session_replication_role = replica;
DELETE FROM events WHERE actor_id IN (SELECT id FROM users WHERE username = '{name}');
DELETE FROM builds WHERE owner_id IN (SELECT id FROM users WHERE username = '{name}');
"""
COUNT = "SELECT count(*) FROM builds WHERE owner_id IN (SELECT id FROM users WHERE username = '{name}')"


@dataclass(frozen=True)
class Request:
    """One request. `judge` returns what is wrong with a reply in a few words; empty when nothing is."""

    method: str
    path: str
    judge: Callable[[Reply], str]
    body: bytes = b""
    headers: str = ""

    @property
    def writes(self) -> bool:
        """Whether the expected reply acknowledges a row in the database."""
        return self.method == "POST" and self.path.endswith("/builds")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class VirtualUser:
    """A logged-in user of the application."""

    name: str
    token: str
    refresh_token: str

    def request(self, number: int, *, closes: bool = False) -> Request:
        """The request of that number: every other one is a POST."""
        headers = "Connection: close\r\n" if closes else ""
        if number % 2:
            return Request("GET", READS[number // 2 % len(READS)], _is_ok, headers=headers)
        if number // 2 % BUILD_EVERY:
            body = json.dumps({"refresh_token": self.refresh_token}).encode()
            return Request("POST", f"{API}/auth/logout", _is_done, body, headers)
        name = f"{self.name} {number}"
        body = json.dumps({"name": name, "profession": "guardian", "role": "support"}).encode()
        return Request("POST", f"{API}/builds", lambda reply: _is_created(reply, name), body,
                       f"Authorization: Bearer {self.token}\r\n{headers}")


async def log_in(target: Target) -> VirtualUser:
    """Register and log in. Raises LabError when the application refuses or does not answer."""
    name = f"traffic-{secrets.token_hex(6)}"
    credentials = json.dumps({"username": name, "password": secrets.token_urlsafe(24)}).encode()
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            client = await Client.connect(target)
            registered = await client.request("POST", f"{API}/auth/register", credentials)
            logged_in = await client.request("POST", f"{API}/auth/login", credentials)
            client.close()
    except (RequestFailed, TimeoutError) as error:
        raise LabError(f"The load was not started: the application does not answer ({error or 'too slow'}).",
                       next_step="python -m lab status, then 40 Health") from None
    if (registered.status, logged_in.status) != (201, 200):
        raise LabError(f"The load was not started: a new user got {registered.status} for registering and "
                       f"{logged_in.status} for logging in.", next_step="python -m lab status")
    tokens = json.loads(logged_in.body)
    return VirtualUser(name, str(tokens["access_token"]), str(tokens["refresh_token"]))


async def delete_account(target: Target, user: VirtualUser) -> None:
    """Delete the user's account, which also clears the application's cached lists. Raises RequestFailed."""
    async with asyncio.timeout(START_TIMEOUT_S):
        client = await Client.connect(target)
        bearer = f"Authorization: Bearer {user.token}\r\nConnection: close\r\n"
        reply = await client.request("DELETE", f"{API}/auth/me", headers=bearer)
        client.close()
    if reply.status != 204:
        raise RequestFailed(f"deleting the account was answered with {reply.status}")


def count_written(instance: Instance, user: VirtualUser) -> int | None:
    """How many of the user's builds are in the database; None when it could not be queried."""
    try:
        return int(_psql(instance, COUNT.format(name=user.name)))
    except (CommandFailed, ValueError):
        return None


def delete_rows(instance: Instance, user: VirtualUser) -> None:
    """Remove the rows that the load wrote. Raises CommandFailed."""
    _psql(instance, DELETE_ROWS.format(name=user.name))


def _psql(instance: Instance, statement: str) -> str:
    names = output(instance.inside("docker", "ps", "--filter", "label=com.docker.compose.service=postgres",
                                   "--filter", "label=com.docker.compose.project=gw2-staging", "--format",
                                   "{{.Names}}")).split()
    if not names:
        raise CommandFailed("No PostgreSQL container is running on the server.")
    words = ("psql", "-U", "postgres", "-d", "staging_db", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement)
    return output(instance.inside("docker", "exec", "-u", "postgres", names[0], *words), timeout_s=120)


def _is_ok(reply: Reply) -> str:
    if reply.status != 200:
        return f"status {reply.status}"
    return "" if reply.body else "empty reply"


def _is_done(reply: Reply) -> str:
    return "" if reply.status == 204 else f"status {reply.status}"


def _is_created(reply: Reply, name: str) -> str:
    if reply.status != 201:
        return f"status {reply.status}"
    return "" if json.dumps(name).encode() in reply.body else "reply for another request"
