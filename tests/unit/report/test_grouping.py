"""Many checks that say the same become one line; what differs keeps its own."""

from __future__ import annotations

from runbook_lib.report.grouping import grouped


def check(name: str, verdict: str = "passed", measured: str = "running") -> dict[str, str]:
    return {"check": name, "verdict": verdict, "measured": measured, "expected": "running", "next_step": ""}


def names(*checks: dict[str, str]) -> list[str]:
    return [str(one["check"]) for one in grouped(checks)]


def test_three_that_say_the_same_become_one_line_with_all_names():
    assert names(check("nginx is healthy"), check("redis is healthy"), check("postgres is healthy")) == [
        "each is healthy: nginx, redis, postgres"]


def test_two_stay_two():
    assert names(check("nginx is healthy"), check("redis is healthy")) == ["nginx is healthy", "redis is healthy"]


def test_one_that_did_not_pass_keeps_its_own_line():
    shown = names(check("nginx is healthy"), check("redis is healthy", "failed"), check("a is healthy"), check("b is healthy"))
    assert shown == ["each is healthy: nginx, a, b", "redis is healthy"]


def test_another_figure_keeps_its_own_line():
    shown = names(check("nginx is healthy"), check("a is healthy"), check("b is healthy"), check("redis is healthy", measured="up"))
    assert shown == ["each is healthy: nginx, a, b", "redis is healthy"]


def test_single_words_are_never_put_together():
    assert names(check("alerts"), check("watch"), check("pages")) == ["alerts", "watch", "pages"]
