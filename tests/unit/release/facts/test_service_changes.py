"""What running services need to follow a release, as the server's own programs answered."""

from __future__ import annotations

import base64

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.service_changes import ServiceChange, parse_changes

SERVICES = {"postgres": {"image": "postgres:15"}, "redis": {"image": "redis:7"}, "queue": {"image": "rabbitmq"}}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_without_lines_nothing_follows() -> None:
    assert parse_changes("run\tredis\tstart\tpassed\t1\t\n", SERVICES) == ()


def test_a_setting_that_can_be_changed_while_it_runs_is_reloaded_with_its_previous_value() -> None:
    text = "run\tredis\tstart\tpassed\t1\tbm90IG9uZQ==\n"
    text += f"reload\tredis\tmaxmemory\t{encoded('1gb')}\t{encoded('384mb')}\nreload\tredis\tsave\t\t{encoded('60 1')}\n"
    values = (("maxmemory", "1gb", "384mb"), ("save", "", "60 1"))
    assert parse_changes(text, SERVICES) == (ServiceChange("redis", "redis", "reload", (), values),)


def test_what_the_data_depend_on_and_what_a_cache_holds_comes_with_the_change() -> None:
    text = f"reload\tpostgres\nvalue\tpostgres\tfsync\t{encoded('off')}\t{encoded('on')}\n"
    text += f"used\tredis\t1500000\nused\tqueue\t7\nreload\tredis\tappendonly\t{encoded('no')}\t{encoded('yes')}\n"
    assert parse_changes(text, SERVICES) == (
        ServiceChange("postgres", "postgres", "reload", kept=(("fsync", "off", "on"),)),
        ServiceChange("redis", "redis", "reload", values=(("appendonly", "no", "yes"),), used_bytes=1_500_000))


def test_one_setting_that_waits_for_a_restart_restarts_the_service() -> None:
    (change,) = parse_changes("reload\tpostgres\nrestart\tpostgres\tmax_connections\n", SERVICES)
    assert (change.how, change.settings, change.values) == ("restart", ("max_connections",), ())


def test_what_compose_would_make_anew_is_made_anew_whatever_its_settings() -> None:
    (change,) = parse_changes("recreate\tpostgres\nreload\tpostgres\nrestart\tpostgres\tport\n", SERVICES)
    assert change.how == "recreate"
    assert parse_changes("recreate\tqueue\n", SERVICES) == (ServiceChange("queue", None, "recreate"),)


@pytest.mark.parametrize("text", ["restart\tredis\n", "reload\tredis\tname\tnot base64!\t\n"])
def test_a_line_of_another_form_is_never_taken_for_no_change(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_changes(text, SERVICES)
