"""A parameter file is read strictly: a fault comes with its line and its key, never as a guess or a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.contract import parse_contract
from runbook_lib.contract.parameter_file import LONGEST_BYTES, read_parameter_file
from runbook_lib.core.errors import BadParameter

CONTRACT = parse_contract("20_deploy", """\
environment: str = "lab"
mode: str = "plan"
ref: str = ""
count: int = 3
share: float = 0.5
dry: bool = False
items: list[str] = []
watch_s: float | None = None
""")


def read(tmp_path: Path, content: bytes) -> dict[str, object]:
    file = tmp_path / "run.yaml"
    file.write_bytes(content)
    return read_parameter_file(str(file), CONTRACT)


@pytest.mark.parametrize(("content", "values"), [
    (b"", {}), (b"# only a comment\n", {}), (b"---\nref: v1\n", {"ref": "v1"}), (b"\xef\xbb\xbfref: v1\r\ncount: 7\r\n", {"ref": "v1", "count": 7}),
    (b"ref: '1.10'\nitems: [a, 'b c']\nwatch_s: null\ndry: yes\nshare: 2\n",
     {"ref": "1.10", "items": ["a", "b c"], "watch_s": None, "dry": True, "share": 2.0}),
    (b'{"ref": "v1", "count": -4}', {"ref": "v1", "count": -4}), (b"ref: >-\n  v1\n", {"ref": "v1"}),
])
def test_what_a_file_says(tmp_path: Path, content: bytes, values: dict[str, object]) -> None:
    assert read(tmp_path, content) == values


@pytest.mark.parametrize(("content", "words"), [
    (b"ref: v1\ncount: 1\nref: v2\n", "line 3: ref is given twice; it is in line 1 already"),
    (b"ref: v1\n'ref': v2\n", "line 2: ref is given twice"),
    (b"count: 1\ncuont: 2\n", "line 2: cuont is not a parameter of 20_deploy; did you mean 'count'"),
    (b"ref: 2026-02-30\n", "line 1: 2026-02-30 has another meaning in YAML"),
    (b"\nref: 2026-02-28 25:61:00\n", "line 2: 2026-02-28 25:61:00"),
    (b"ref: 2026-02-28\n", "line 1: 2026-02-28 has another meaning.*in ref"),
    (b"count: 12:30\n", "line 1: 12:30 has another meaning.*in count"), (b"count: 012\n", "line 1: 012"), (b"count: 0x1F\n", "line 1: 0x1F"),
    (b"count: 1_000\n", "line 1: 1_000"), (b"share: .inf\n", "line 1: .inf"), (b"share: .NaN\n", "line 1: .NaN"),
    (b"ref: no\n", "line 1: ref: should be text, got False"), (b"ref: 1.10\n", "line 1: ref: should be text, got 1.1; write it in quotes"),
    (b"ref: &a v1\n", "line 1: anchors and aliases"), (b"ref: *a\n", "line 1: anchors and aliases"), (b"<<: {ref: v1}\n", "line 1: << is not"),
    (b"a: &x [*x]\n", "line 1: anchors"), (b"ref: !!python/object/apply:os.system [id]\n", "line 1: the tag"), (b"ref: !!str 3\n", "line 1: the tag"),
    (b"ref: !secret x\n", "line 1: the tag !secret"), (b"# caf\xe9\n", "line 1: the text is not UTF-8"), (b"count: 1\nref: \xff\n", "line 2: the text is not UTF-8"),
    (b"- ref: v1\n", "line 1: the file is a list, not a mapping"), (b"just words\n", "line 1: the file is a single value"),
    (b"ref: v1\n---\nref: v2\n", "line 2: not YAML: but found another document"), (b"ref: [a\n", "line 2: not YAML"), (b"ref: 'a\n", "not YAML"),
    (b"ref: v1\n\tcount: 1\n", "not YAML"), (b"ref: {a: 1}\n", "line 1: a mapping is not a value that a parameter can have, in ref"),
    (b"items: [[a]]\n", "line 1: items: "), (b"1: x\n", "line 1: 1 is not the name"), (b"yes: x\n", "line 1: yes is not the name"), (b"? [a]\n: x\n", "line 1: a list or mapping is not"),
    (b"ref: a\x00b\n", "line 1: a character that YAML does not allow"), (b"mode: appyl\n", "line 1: mode: should be 'plan' or 'apply'"),
    (b"count: many\nshare: few\n", "line 1: count: .*\nline 2: share: "), (b"items: " + b"[" * 500_000, "line 1: nested too deeply"),
    (b"items: " + b"[" * 49 + b"]" * 49, "line 1: items: "), (b"items: " + b"[" * 50 + b"]" * 50, "line 1: nested too deeply"),
    (b"#" * (LONGEST_BYTES + 1), "more than 1 MB"),
])
def test_a_fault_comes_with_its_line_and_its_key(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(BadParameter, match=words) as refused:
        read(tmp_path, content)
    assert refused.value.where == str(tmp_path / "run.yaml")
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(("path", "words"), [("missing.yaml", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read(tmp_path: Path, path: str, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        read_parameter_file(str(tmp_path / path), CONTRACT)
