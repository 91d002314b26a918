"""The chain read once: lines that no sealing wrote are findings."""

from __future__ import annotations

import json

import pytest

from runbook_lib.archive.chain import Line
from runbook_lib.archive.chain_index import ChainIndex, read_chain
from runbook_lib.core.findings import Verdict


def linked(link):
    """The run that a link is of."""
    return link and link["run_id"]


def line(number, name, **fields):
    link = {"run_id": name, "folder": name, "manifest_sha256": name * 4, **fields}
    return Line(number, json.dumps(link).encode(), link)


def test_each_run_has_its_line_and_its_predecessor():
    chain = ChainIndex([line(1, "a"), line(2, "b")])
    assert linked(chain.link_of("b")) == "b"
    assert linked(chain.predecessor_of("b")) == "a"
    assert chain.predecessor_of("a") is None
    assert chain.link_of("c") is None
    assert chain.folder_with("aaaa") == "a"
    assert chain.faults == []


def test_a_doubled_line_is_a_finding_and_no_predecessor():
    chain = ChainIndex([line(1, "a"), line(2, "b"), line(3, "b"), line(4, "c")])
    assert [(one.verdict, one.measured) for one in chain.faults] == [(Verdict.FAILED, "line 3: b is listed twice")]
    assert linked(chain.predecessor_of("c")) == "b"


def test_a_second_line_of_a_run_with_another_hash_never_replaces_the_first():
    chain = ChainIndex([line(1, "a"), line(2, "a", manifest_sha256="forged")])
    assert [link["manifest_sha256"] for link in chain.links] == ["aaaa"]
    assert len(chain.faults) == 1


@pytest.mark.parametrize("raw", [b"garbage", b"", b"{}", b"\xff\x00"])
def test_a_garbage_line_is_a_finding_wherever_it_stands(raw):
    for place in range(3):
        lines = [line(1, "a"), line(2, "b")]
        lines.insert(place, Line(place + 1, raw, None))
        assert [one.verdict for one in ChainIndex(lines).faults] == [Verdict.FAILED]


def test_half_a_line_that_an_earlier_version_left_before_the_whole_one_is_none():
    whole = line(2, "b")
    assert ChainIndex([line(1, "a"), Line(2, whole.raw[:20], None), whole]).faults == []


def test_a_torn_end_is_a_warning():
    assert [one.verdict for one in ChainIndex([line(1, "a"), Line(2, b'{"ru', None, torn=True)]).faults] == [Verdict.WARNING]


def test_no_chain_is_absent_and_an_empty_one_is_not(tmp_path):
    assert read_chain(tmp_path).absent
    (tmp_path / "chain.jsonl").touch()
    assert not read_chain(tmp_path).absent
