"""What users get, asked at once: each part within its deadline, and none ends the run."""

from __future__ import annotations

import threading
import time
from typing import Any

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, HostUnreachable, NameUnresolved
from runbook_lib.observability.facts.users import UserView, survey_users
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.shop_environment import shop

SHOP = shop(traffic={"api": "/api/", "reads": ["/"]})
LOCK = '{"owner": "ann", "run_id": "r", "purpose": "deploy v2", "started": "s", "heartbeat": "h"}'


def asked(**changes: Any) -> UserView:
    paths = {path: (200, {}) for path in (*SHOP.health.endpoints, "/", "/api/products")}
    answers: dict[str, Any] = {"commands": {"flock": LOCK, "dockerdata": FactUnreadable("nothing")},
                               "replies": paths, "sql": {"pg_blocking_pids": []}}
    return survey_users(SHOP, 6.0).fetch(ScriptedConnections(**answers | changes))  # type: ignore[arg-type]


def test_an_unreachable_server_ends_nothing_and_what_users_get_is_known() -> None:
    gone = HostUnreachable("no route")
    seen = asked(commands={"flock": gone, "dockerdata": gone}, sql={"pg_blocking_pids": gone})
    assert isinstance(seen.operation, Unanswered)
    assert isinstance(seen.holders, Unanswered)
    assert isinstance(seen.endpoints, tuple)


def test_an_address_that_nothing_answers_is_a_value() -> None:
    gone = EndpointUnavailable("refused")
    seen = asked(replies=dict.fromkeys((*SHOP.health.endpoints, "/", "/api/products"), gone))
    assert isinstance(seen.endpoints, tuple)
    assert {one.status for one in seen.endpoints} == {None}


def test_a_name_that_does_not_resolve_here_shows_nothing_of_users() -> None:
    """A VPN that was off made 40 report that users are affected: nothing had been sent."""
    gone = NameUnresolved("shop.example does not resolve on this machine.", next_step="VPN")
    seen = asked(replies=dict.fromkeys((*SHOP.health.endpoints, "/", "/api/products"), gone))
    for part in (seen.endpoints, seen.reads):
        assert isinstance(part, Unanswered)
        assert (part.reason, part.next_step) == ("shop.example does not resolve on this machine", "VPN")


def test_the_holder_of_the_lock_is_known_to_change_services() -> None:
    seen = asked()
    assert not isinstance(seen.operation, Unanswered)
    assert seen.operation is not None
    assert seen.operation.changes_services


def test_a_read_waits_no_longer_than_the_deadline_and_five_seconds() -> None:
    assert (asked().read_s, survey_users(SHOP, 2.0).name) == (5.0, "what users get")


def test_the_shortest_deadline_still_limits_what_the_server_waits_for() -> None:
    """`timeout 0` sets no limit: an engine that hangs would have cost the disks and the memory too."""
    connections = ScriptedConnections(commands={"flock": LOCK, "dockerdata": FactUnreadable("nothing")}, replies={"/": (200, {}), "/status/": (200, {}), "/api/products": (200, {})}, sql={"pg_blocking_pids": []})
    survey_users(SHOP, 1.0).fetch(connections)
    (survey,) = (one.argv for one in connections.server.asked if "dockerdata" in str(one))
    assert float(survey[survey.index(SHOP.database_service) + 1]) > 0


def test_sessions_are_asked_when_a_read_of_ours_had_the_time_to_wait() -> None:
    done: list[str] = []
    asked(replies={path: lambda path=path: (done.append(path), (200, {}))[1] for path in (*SHOP.health.endpoints, "/", "/api/products")},
          sql={"pg_blocking_pids": lambda: (done.append("sessions"), [])[1]})
    # endpoints are asked side by side with them, and are waited for by no one
    assert done.index("/api/products") < done.index("sessions")


def test_what_hangs_costs_its_own_row_and_all_of_it_the_deadline() -> None:
    """A PostgreSQL that hung held what users get for 11 s of 6, and with it every question behind it."""
    released, began = threading.Event(), time.monotonic()

    def hang() -> Any:
        released.wait(600)
        raise EndpointUnavailable("released")

    paths: dict[str, Any] = {path: (200, {}) for path in (*SHOP.health.endpoints, "/", "/api/products")}
    answers: dict[str, Any] = {"commands": {"flock": LOCK, "dockerdata": FactUnreadable("nothing")}, "replies": paths | {"/": hang},
                               "sql": {"pg_blocking_pids": hang}}
    seen = survey_users(SHOP, 2.0).fetch(ScriptedConnections(**answers))
    took = time.monotonic() - began
    released.set()
    assert isinstance(seen.reads, tuple)
    assert {one.path: one.status for one in seen.reads if one.path == "/"} == {"/": None}
    assert 200 in {one.status for one in seen.reads}
    assert isinstance(seen.holders, Unanswered)
    assert not isinstance(seen.operation, Unanswered)
    assert took < 15
