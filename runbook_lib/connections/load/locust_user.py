"""locust's user, client and events for our visits. Imported by the generator's own process alone: gevent patches it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import gevent
from locust import FastHttpUser, constant, task
from locust.env import Environment
from locust.exception import StopUser

from runbook_lib.connections.load.record import Record, Stage
from runbook_lib.connections.load.visit import Visit

Job = dict[str, Any]


def dial(url: str, connect_to: str | None) -> None:
    """Let this process reach the URL's host at another address; name, certificate and Host header stay the URL's."""
    if not connect_to:
        return
    parts = urlsplit(url)
    named = (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
    host, _, port = connect_to.rpartition(":")
    # the client looks names up by this one function; an address needs no asking, and so none of its threads
    sockets: Any = gevent.socket
    resolve = sockets.getaddrinfo

    def resolved(name: Any, service: Any, *rest: Any, **options: Any) -> Any:
        there = (host.strip("[]"), int(port)) if (name, service) == named else (name, service)
        return resolve(*there, *rest, **options)

    sockets.getaddrinfo = resolved


class LoadEnvironment(Environment):
    """locust's environment; `begin_visit` is what a user of the closed model does, until it is None."""

    begin_visit: Callable[[Any], None] | None = None
    count_lacking: Callable[[Stage, str], None]


def locust_environment(job: Job, record: Record, clock: Callable[[], float]) -> LoadEnvironment:
    """locust's environment with one class of users, whose requests are counted in `record`."""
    trusted = ssl.create_default_context(cafile=job["ca_file"])

    class FlowUser(FastHttpUser):
        """One user; in the closed model it repeats the flow until it is stopped."""

        host = job["url"]
        wait_time = constant(0)
        insecure = False  # locust's default would take any certificate
        # one for all, and whatever file its client names: it would add the system's authorities, at every visit
        ssl_context_factory = staticmethod(lambda cafile=None: trusted)
        network_timeout = connection_timeout = job["timeout_s"]
        max_redirects = 0
        concurrency = 1

        @task
        def visit(self) -> None:
            if environment.begin_visit is None:
                raise StopUser
            environment.begin_visit(self)

    environment = LoadEnvironment(user_classes=[FlowUser], host=job["url"], stop_timeout=job["timeout_s"])

    def count(context: dict[str, Any], response_time: float, response: Any, exception: Any, **rest: Any) -> None:
        if context:  # what is removed after the load is not part of it
            record.add(clock(), context["stage"], context["step"], response_time / 1000, _status(response),
                       context["expected"], reason_of(context["step"], response, exception))

    events: Any = environment.events
    events.request.add_listener(count)
    environment.count_lacking = lambda stage, step: record.lacking(clock(), stage, step)
    return environment


def sender(user: Any, stage: Stage | None, timeout_s: float, due: float | None = None) -> Any:
    """How a visit sends its requests as this user. The first is timed from `due`, when it should have been sent.

    The next of a visit can be sent only when its reply is there: they are timed from the end of the previous one.
    """
    intended = due

    def send(method: str, path: str, headers: dict[str, str], body: bytes | None, step: str,
             expected: int) -> tuple[int | None, bytes]:
        nonlocal intended
        began = time.monotonic() if intended is None else intended
        if body is not None:
            headers = {"Content-Type": "application/json", **headers}
        context = {} if stage is None else {"stage": stage, "step": step, "expected": expected}
        answers: list[tuple[int | None, bytes]] = []
        with gevent.Timeout(timeout_s, False), user.client.request(
                method, path, name=step, data=body, headers=headers, allow_redirects=False, catch_response=True,
                context=context) as reply:
            reply.request_meta["response_time"] = (time.monotonic() - began) * 1000
            answers.append((_status(reply), reply.content or b""))
            if answers[0][0] == expected:
                reply.success()
            else:
                reply.failure(f"status {answers[0][0]}")
        intended = None
        if not answers:  # the limit fell between two of locust's own: it has counted nothing
            user.environment.events.request.fire(
                request_type=method, name=step, context=context, response=None, exception=TimeoutError(),
                response_time=(time.monotonic() - began) * 1000, response_length=0)
        return answers[0] if answers else (None, b"")

    return send


def run_visit(user: Any, visit: Visit, stage: Stage, job: Job, due: float | None,
              stopped: Callable[[], bool]) -> None:
    """One whole visit, counted in its stage."""
    works = visit.run(job["flow"], sender(user, stage, job["timeout_s"], due), stopped)
    if visit.lacking:  # its status was right: without this a page of an error would be a success
        user.environment.count_lacking(stage, visit.lacking)
    stage.finished += 1
    stage.works += works


def reason_of(step: str, response: Any, exception: Any) -> str:
    """Why a request failed, in a few words of ours: a server's own text may hold anything."""
    status = _status(response)
    if status is not None:
        return f"{step}: status {status}"
    error = getattr(response, "error", None) or exception
    late = isinstance(error, (TimeoutError, gevent.Timeout))
    return f"{step}: {'no reply in time' if late else type(error).__name__}"


def _status(response: Any) -> int | None:
    code = getattr(response, "status_code", 0)
    return int(code) if code else None
