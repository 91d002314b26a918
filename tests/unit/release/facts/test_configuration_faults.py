"""What a program prints of a fault in its configuration, as file and line of the release."""

from __future__ import annotations

import pytest

from runbook_lib.release.facts.configuration_faults import explain, unreadable

MOUNTS = [("redis", "/etc/gw2-redis")]


def explained(output: str, *files: tuple[str, str]) -> str:
    return explain(output, dict(files), MOUNTS)


def test_paths_are_told_as_they_are_in_the_release() -> None:
    assert explained("/etc/gw2-redis/start.sh: 5: Syntax error") == "redis/start.sh: 5: Syntax error"
    assert "/etc/gw2-redis2/x" in explained("error in /etc/gw2-redis2/x")


def test_redis_names_no_file_so_the_line_is_looked_up() -> None:
    output = "*** FATAL CONFIG FILE ERROR ***\nReading the configuration file, at line 2\n>>> 'maxmemori 1gb'\nBad directive"
    files = (("redis/other.conf", "a\nb\n"), ("redis/redis.conf", "port 1\nmaxmemori 1gb\n"))
    assert explained(output, *files).startswith("redis/redis.conf:2; ")


def test_postgresql_names_no_line_of_a_wrong_value_so_the_parameter_is_looked_up() -> None:
    output = 'LOG:  invalid value for parameter "shared_buffers": "256XB"\nFATAL:  configuration file contains errors'
    files = (("postgres/postgresql.conf", "port = 5432\n# shared_buffers = 1\nshared_buffers = 256XB\n"),)
    assert explained(output, *files).startswith("postgres/postgresql.conf:3; ")


def test_a_line_of_a_copy_that_a_start_script_makes_is_told_as_that_of_the_file() -> None:
    output = 'level=error msg="failed" file=/tmp/made/redis.yml err="yaml: line 3: did not find"'
    assert explained(output, ("redis/redis.yml", "")).startswith("redis/redis.yml:3; ")


def test_a_message_without_a_known_word_is_told_by_its_last_lines() -> None:
    assert explained("one\ntwo\nthree\nfour") == "two; three; four"


@pytest.mark.parametrize(("path", "text", "shown"), [
    ("grafana/dashboards/a.json", '{"a": 1,\n oops', "grafana/dashboards/a.json:2"),
    ("grafana/provisioning/b.yml", "a: 1\nb: [\n", "grafana/provisioning/b.yml:3"),
    ("grafana/provisioning/c.yml", "a: !custom 1\n", ""),
    ("grafana/provisioning/d.yml", "a: 1\n? [b]\n: c\n", "grafana/provisioning/d.yml: line 2: a list as a key"),
    ("grafana/provisioning/e.yml", "a: {b: {{c: d}: e}}\n", "grafana/provisioning/e.yml: line 1: a mapping as a key"),
    ("grafana/provisioning/f.yml", "a: !!python/object/apply:os.system [b]\nc: !!binary x\n", ""),
    ("grafana/provisioning/g.yml", "a: b\x01\n", "grafana/provisioning/g.yml"),
    ("grafana/notes.txt", "{", ""),
])
def test_provisioning_is_read_back_where_no_container_can_be_started(path: str, text: str, shown: str) -> None:
    message = unreadable({path: text})
    assert message.startswith(shown) and bool(message) == bool(shown)
