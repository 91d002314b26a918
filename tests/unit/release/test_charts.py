"""The charts of a release: which containers are drawn, and the description that stands for the picture."""

from __future__ import annotations

from runbook_lib.platform.facts.containers import Container
from runbook_lib.release.charts import latency_distribution, memory_of_containers


def container(service: str, used: int | None) -> Container:
    return Container(service, service, "i", "d", "running", "healthy", 0, False, 0, None, memory_limit_bytes=2**20,
                     memory_bytes=used)


def test_containers_whose_memory_was_not_measured_are_left_out() -> None:
    words = str(memory_of_containers((container("redis", 2**19), container("nginx", None))).get_label())
    assert "redis" in words and "nginx" not in words


def test_the_distribution_names_the_percentiles_and_what_is_above_the_limit() -> None:
    words = str(latency_distribution([0.1] * 19 + [0.9], 0.5).get_label())
    assert words.startswith("20 requests: p50 100 ms") and "1 above it" in words
