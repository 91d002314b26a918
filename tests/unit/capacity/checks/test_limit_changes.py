"""What to change and to what: from trends, from containers, and never to less than today."""

from __future__ import annotations

from runbook_lib.capacity.checks.limit_changes import proposals, without_setting
from tests.unit.capacity_doubles import MB, container, review, usage
from tests.unit.observability_doubles import staging


def test_without_a_reason_nothing_is_proposed() -> None:
    assert proposals(staging(), review({"connection_pool": lambda day: 5.0, "server_disk": lambda day: 40.0})) == ()


def test_a_pool_that_fills_is_sized_for_what_is_planned_for() -> None:
    (found,) = proposals(staging(), review({"connection_pool": lambda day: 6 + 0.2 * day}))
    # 18 now, 36 in 90 days, of which 70 % are to be used
    assert (found.place, found.present, found.proposed) == ("tuning.backend.pool_size", "20", "55")
    assert found.why.startswith("20 connections in ")


def test_a_cache_that_grows_brings_the_container_that_holds_it() -> None:
    found = {one.place: one for one in proposals(staging(), review({"redis_memory": lambda day: (200 + 2.5 * day) * MB}))}
    assert found["tuning.redis.maxmemory"].proposed == "832MB"  # 350 MB now, 575 then
    assert found["services.redis.memory"].proposed == "1280MB"
    assert found["services.redis.memory"].why == "holds tuning.redis.maxmemory"


def test_a_container_near_its_memory_gets_more() -> None:
    (found,) = proposals(staging(), review({}, used=usage(container(memory_bytes=480 * MB))))
    assert (found.place, found.present, found.proposed, found.why) == ("services.redis.memory", "512MB", "704MB", "94 % used")


def test_one_that_was_killed_gets_at_least_a_quarter_more_whatever_it_holds_now() -> None:
    (found,) = proposals(staging(), review({}, used=usage(container(memory_bytes=10 * MB, oom_killed=True))))
    assert (found.proposed, found.why) == ("640MB", "killed for memory")


def test_one_that_is_held_back_gets_more_of_a_processor() -> None:
    (found,) = proposals(staging(), review({}, used=usage(container(cores=0.3, throttled_percent=60.0))))
    assert (found.place, found.present, found.proposed) == ("services.redis.cpus", "0.5", "0.75")


def test_of_two_colours_the_larger_need_counts_once() -> None:
    both = usage(container("backend-blue", memory_bytes=450 * MB, cpu_limit=1.0), container("backend-green", memory_bytes=500 * MB, cpu_limit=1.0))
    (found,) = proposals(staging(), review({}, used=both))
    assert (found.place, found.proposed, found.why) == ("services.backend.memory", "768MB", "98 % used")


def test_a_disk_has_no_setting_and_is_named_nevertheless() -> None:
    grown = review({"server_disk": lambda day: 40 + 0.6 * day})
    assert proposals(staging(), grown) == ()
    (words,) = without_setting(staging(), grown)
    assert words.startswith("Fullest disk of the server: 85 % in ")
