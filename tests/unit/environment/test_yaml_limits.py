"""An environment file that would never be read to its end is refused with its line; anchors in use are fine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment
from runbook_lib.environment.yaml_limits import DEEPEST, LONGEST, fault_of

STAGING = Path(__file__).parents[3] / "parameters/environments/staging.yaml"
# each line holds nine times the previous
MULTIPLYING = "a0: &a0 [x]\n" + "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 40))
TOO_MUCH = {
    "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1): "line 1: nested deeper than 50 levels",
    "a: " + "[" * 5000 + "]" * 5000: "line 1: nested deeper",
    "[" * 5000: "line 1: nested deeper",
    "".join(f"{' ' * level}a:\n" for level in range(200)): "line 51: nested deeper",
    "- " * 200 + "a": "line 1: nested deeper",
    MULTIPLYING: "values, with what aliases repeat",
    "a: &a [*a]": r"line 1: \*a refers to what it is part of",
    "a: &a\n  b: {c: *a}": r"line 2: \*a refers to what it is part of",
    "a: 1\n" + "#" * LONGEST: "characters, more than 2,000,000",
}


@pytest.mark.parametrize("text", TOO_MUCH, ids=[f"text-{at}" for at in range(len(TOO_MUCH))])
def test_what_could_not_be_read_to_its_end_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(EnvironmentInvalid, match=TOO_MUCH[text]):
        load_environment(str(path))


def test_a_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(f"extends: {STAGING}\nbackup: {{keep_days: {'9' * 10_000}}}\n")
    with pytest.raises(EnvironmentInvalid):
        load_environment(str(path))


def test_usual_anchors_and_the_project_own_files_are_read() -> None:
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        assert fault_of(STAGING.read_text(), loader) == ""
        assert fault_of("a: &a {b: 1}\nc: {<<: *a, d: *a}\ne: &e x\nf: *e\n", loader) == ""
        assert fault_of("[" * DEEPEST + "]" * DEEPEST, loader) == ""
        assert fault_of("", loader) == ""


NOT_PLAIN = {
    "a: 1\nb: !!bool maybe": "line 2: the tag !!bool", "a: !!int ''": "line 1: the tag !!int", "a: !!float ''": "!!float",
    "a: !!timestamp nope": "!!timestamp", "a: !!set {a, b}": "!!set", "a: !!binary x": "!!binary", "a: !!str x": "!!str",
    "a: !!omap [a: 1]": "!!omap", "a: !own x": "the tag !own", "a: ! x": "the tag !", "!!map\na: 1": "line 1: the tag !!map",
    "a:\n  - !!python/object/apply:os.getcwd []": "line 2: the tag !!python/object/apply:os.getcwd",
    "!!bool a: 1": "line 1: the tag !!bool", "%TAG ! tag:example.org,2000:\n---\na: !b c": "line 3: the tag <tag:example.org,2000:b>",
    "[a, b]: c": "line 1: a list as a key", "a: 1\n? {a: b}\n: c": "line 2: a mapping as a key",
    "a:\n  {[b]: c}": "line 2: a list as a key", "a: &a [b]\nc: {*a : d}": "line 2: a list as a key",
    "- ? - a\n  : b": "line 1: a list as a key", "a: {b: {c: d}, {e: f}: g}": "line 1: a mapping as a key",
    "a: &a {b: c}\n? *a": "line 2: a mapping as a key", "[a]: &a b\n*a : c": "line 1: a list as a key",
}


@pytest.mark.parametrize("text", NOT_PLAIN, ids=[f"text-{at}" for at in range(len(NOT_PLAIN))])
@pytest.mark.parametrize("extends", [False, True], ids=["alone", "extended"])
def test_tags_and_keys_that_are_not_text_are_refused_with_their_line(tmp_path: Path, text: str, extends: bool) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    (tmp_path / "outer.yaml").write_text("extends: odd\n")
    with pytest.raises(EnvironmentInvalid, match=re.escape(NOT_PLAIN[text])):
        load_environment(str(tmp_path / ("outer.yaml" if extends else "odd.yaml")))


def test_values_may_be_collections_and_keys_may_be_repeated_scalars() -> None:
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        assert fault_of("a: &a b\nc: {*a : [d, {e: f}], g: {}}\nh: [[], [i: j]]\n'k': *a\n", loader) == ""
