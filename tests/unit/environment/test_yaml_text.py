"""A text is read strictly, and each reader gets values of its own."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from runbook_lib.environment import yaml_text
from runbook_lib.environment.yaml_limits import fault_of
from runbook_lib.environment.yaml_text import YamlFault, mapping_of


def test_what_yaml_1_1_would_convert_stays_text() -> None:
    assert mapping_of("{a: yes, b: 02:00, c: 2025-10-15, d: 0x10, e: 1e3, f: true, g: -7, h: 0.5, i: ~}") == {
        "a": "yes", "b": "02:00", "c": "2025-10-15", "d": "0x10", "e": "1e3", "f": True, "g": -7, "h": 0.5, "i": None}


def test_an_empty_text_is_an_empty_mapping() -> None:
    assert mapping_of("# nothing yet\n") == {}


@pytest.mark.parametrize(("text", "fault"), [
    ("a: 1\nb: {c: 1, c: 2}\n", "line 2: the key 'c' is given twice"),
    ("- a\n", "should be a mapping of keys to values"),
    ("a: 1\nb: [\n", "is not YAML: line 3: "),
    (f"a: {'9' * 5000}\n", "holds a value that cannot be read: "),
    ("a: !x 1\n", "line 1: the tag !x is not used"),
], ids=["twice", "list", "open", "digits", "tag"])
def test_a_fault_is_in_words_with_its_line_each_time(text: str, fault: str) -> None:
    for _ in range(2):
        with pytest.raises(YamlFault, match=r"^" + fault.replace("(", r"\(")):
            mapping_of(text)


def test_a_text_is_read_once_and_what_a_reader_changes_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Mock(wraps=fault_of)
    monkeypatch.setattr(yaml_text, "fault_of", reads)
    text = "a: {b: [1, 2]}  # of this test alone\n"
    mapping_of(text)["a"]["b"].append(3)
    assert mapping_of(text) == {"a": {"b": [1, 2]}}
    assert reads.call_count == 1
