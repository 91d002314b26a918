"""Tests as data: a reply and the fact expected, or facts and the findings expected, in JSON files next to the tests.

`<family>/facts/data/<module>/<case>.json` is one question with its replies; `<family>/checks/data/<check>.json` holds the
cases of one check. tests/unit/README.md shows both forms; tests/unit/test_data_cases.py runs every file there is.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from runbook_lib import core
from runbook_lib.authoring.layers import families
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core import errors
from runbook_lib.core.findings import Finding, Verdict
from tests.unit.data_values import build, differences, hints_of, put

HERE = Path(__file__).parent
PACKAGE = Path(core.__file__).parents[1]
EXAMPLES = "_examples.json"
# what a fact is asked by → the argument of ScriptedConnections
KINDS = {"command": "commands", "file": "files", "http": "replies", "sql": "sql", "query": "queries",
         "alertmanager": "alertmanager"}
OF_A_FACT = {"about", "like", "question", "environment", "arguments", "asked", "output", "outputs", "output_file",
             "exit_code", "stderr", "status", "raises", "change", "expect", "error", *KINDS}
OF_A_CHECK = {"about", "facts", "seen", "change", "findings", "expect"}


@dataclass(frozen=True)
class FactCase:
    """One question, the replies it gets, and the fact or error it must come to."""

    name: str
    module: str
    case: Mapping[str, Any]

    def check(self) -> list[str]:
        """What differs from the expectation; empty when nothing does."""
        function = _question_function(import_module(self.module), self.case.get("question", ""))
        expected = self.case.get("error")
        try:
            fact = _called(function, self.case.get("arguments", {}), self.case.get("environment"))
            value = fact.fetch(_scripted(self.case.get("asked") or [self.case]))
        except errors.RunbookError as error:
            if expected is None:
                raise
            found = [] if type(error).__name__ == expected["type"] else [f"{type(error).__name__}, expected {expected['type']}"]
            return found + [f"{name}: {getattr(error, name)!r} lacks {part!r}" for name, part in expected.items()
                            if name != "type" and part not in getattr(error, name)]
        return [f"no error, but {value!r}"] if expected else differences(value, self.case["expect"])


@dataclass(frozen=True)
class CheckCase:
    """Facts, and what a check must find in them. Findings that are not named must have passed."""

    name: str
    family: str
    check_name: str
    function: Callable[..., Any]
    case: Mapping[str, Any]
    examples: Mapping[str, Any]

    @property
    def is_red(self) -> bool:
        """Whether a finding that is not passed is expected."""
        return any(one.get("verdict", "passed") != "passed" for one in self.case.get("findings", []))

    def check(self) -> list[str]:
        """What differs from the expectation; empty when nothing does."""
        found = self.found()
        if "expect" in self.case:
            return differences(found, self.case["expect"])
        return _finding_differences((found,) if isinstance(found, Finding) else tuple(found), self.case["findings"])

    def found(self) -> Any:
        """What the check gives: findings, or a value."""
        facts = {name: self._filled(name) for name in ("facts", "seen") if name in self.case}
        for place, value in self.case.get("change", {}).items():
            top = place if place.startswith("seen.") else f"facts.{place}"
            put(facts, top, resolved(value, self.examples))
        found = _called(self.function, facts["facts"])
        if callable(found):  # a check made from what is known, asked again and again with what is seen
            found = _called(found, facts["seen"])
        return found

    def _filled(self, name: str) -> Any:
        return resolved(copy.deepcopy(self.case[name]), self.examples)


def fact_cases() -> Iterator[FactCase]:
    """Every case of a fact, of every family. Raises ValueError for a file that cannot be one."""
    for family in families():
        for path in sorted((HERE / family / "facts/data").glob("*/*.json")):
            case = _loaded(path, OF_A_FACT)
            module = f"runbook_lib.{family}.facts.{path.parent.name}"
            name = f"{family}/{path.parent.name}/{path.stem}"
            outputs = case.pop("outputs", None)
            if outputs is None:
                yield FactCase(name, module, case)
            for at, output in enumerate(outputs or []):
                yield FactCase(f"{name}-{at}", module, case | {"output": output})


def check_cases() -> Iterator[CheckCase]:
    """Every case of a check, of every family. Raises ValueError for a file that names no check."""
    for family in families():
        known, examples = checks_of(family), _examples("platform") | _examples(family)
        for path in sorted((HERE / family / "checks/data").glob("[!_]*.json")):
            if path.stem not in known:
                raise ValueError(f"{path}: {family} has no check of this name; it has {', '.join(sorted(known))}")
            document = json.loads(path.read_text())
            for case in document["cases"]:
                if unknown := set(case) - OF_A_CHECK:
                    raise ValueError(f"{path}: unknown {sorted(unknown)}; a case has {sorted(OF_A_CHECK)}")
                whole = case | {name: document.get(name, {}) | case.get(name, {}) for name in ("facts", "seen")}
                name = f"{family}/{path.stem}/{case['about']}"
                yield CheckCase(name, family, path.stem, known[path.stem], whole, examples)


def checks_of(family: str) -> dict[str, Callable[..., Any]]:
    """The public functions of a family's checks/, by name: every one of its modules, and only what it defines itself."""
    found: dict[str, Callable[..., Any]] = {}
    for path in sorted((PACKAGE / family / "checks").glob("[!_]*.py")):
        module = import_module(f"runbook_lib.{family}.checks.{path.stem}")
        found |= {name: value for name, value in vars(module).items() if inspect.isfunction(value)
                  and value.__module__ == module.__name__ and not name.startswith("_")}
    return found


def gives_findings(function: Callable[..., Any]) -> bool:
    """Whether a function is a check: it returns findings, or a function that does."""
    return "Finding" in str(inspect.signature(function).return_annotation)


def resolved(value: Any, examples: Mapping[str, Any]) -> Any:
    """The JSON with each {"like": NAME, …} replaced by that example, changed as the rest says."""
    if isinstance(value, list):
        return [resolved(one, examples) for one in value]
    if not isinstance(value, dict):
        return value
    own = {name: resolved(one, examples) for name, one in value.items() if name != "like"}
    if "like" not in value:
        return own
    example = copy.deepcopy(resolved(examples[value["like"]], examples))
    return example | own if isinstance(example, dict) else example


def _loaded(path: Path, allowed: set[str]) -> dict[str, Any]:
    case: dict[str, Any] = json.loads(path.read_text())
    if unknown := set(case) - allowed:
        raise ValueError(f"{path}: unknown {sorted(unknown)}; a case has {sorted(allowed)}")
    if base := case.pop("like", ""):
        case = _loaded(path.with_name(f"{base}.json"), allowed) | case
    if file := case.pop("output_file", ""):
        case["output"] = (path.parent / file).read_text()
    for place, value in case.pop("change", {}).items():
        put(case, place, value)
    return case


def _examples(family: str) -> dict[str, Any]:
    path = HERE / family / "checks/data" / EXAMPLES
    return json.loads(path.read_text()) if path.exists() else {}


def _question_function(module: Any, name: str) -> Callable[..., Any]:
    known = [one for one, value in vars(module).items() if inspect.isfunction(value) and not one.startswith("_")
             and value.__module__ == module.__name__ and "Question[" in str(inspect.signature(value).return_annotation)]
    if not name and len(known) != 1:
        raise ValueError(f"{module.__name__} has {len(known)} questions: name one of {', '.join(known)} as \"question\"")
    function: Callable[..., Any] = getattr(module, name or known[0])
    return function


def _called(function: Callable[..., Any], values: Mapping[str, Any], environment: Any = None) -> Any:
    """Call with values built from JSON by the parameters' types; `environment` is staging where nothing is said of it."""
    hints, given, signature = hints_of(function), dict(values), inspect.signature(function)
    bound = signature.bind_partial()
    for name, parameter in signature.parameters.items():
        if name == "environment":
            bound.arguments[name] = build(hints[name], given.pop(name, environment))
        elif name in given:
            value, kind = given.pop(name), hints.get(name, Any)
            rest = parameter.kind is parameter.VAR_POSITIONAL
            bound.arguments[name] = tuple(build(kind, one) for one in value) if rest else build(kind, value)
    if given:
        raise ValueError(f"{getattr(function, '__name__', function)} has no parameter {', '.join(given)}")
    return function(*bound.args, **bound.kwargs)


def _scripted(exchanges: list[Mapping[str, Any]]) -> ScriptedConnections:
    answers: dict[str, dict[str, Any]] = {}
    for one in exchanges:
        (kind,) = set(KINDS) & set(one)
        answers.setdefault(KINDS[kind], {})[one[kind]] = _answer(kind, one)
    return ScriptedConnections(**answers)


def _answer(kind: str, one: Mapping[str, Any]) -> Any:
    if "raises" in one:
        return getattr(errors, one["raises"]["type"])(one["raises"]["what"])
    output = one["output"]
    if kind in ("sql", "query", "alertmanager"):
        return output
    if isinstance(output, list) and all(isinstance(line, str) for line in output) and output:
        output = "".join(f"{line}\n" for line in output)
    if kind == "http":
        return one.get("status", 200), output
    text = output if isinstance(output, str | None) else json.dumps(output)
    return (one.get("exit_code", 0), text, one.get("stderr", "")) if kind == "command" else text


def _finding_differences(found: tuple[Finding, ...], expected: list[dict[str, Any]]) -> list[str]:
    left, faults = list(found), [] if found or expected else ["no finding at all"]
    for want in expected:
        one = next((one for one in left if one.check == want["check"]), None)
        if one is None:
            faults.append(f"no finding {want['check']!r}; there are {[one.check for one in left]}")
            continue
        left.remove(one)
        faults += differences(one, want, want["check"])
    return faults + [f"{one.check}: {one.verdict}, named by no expectation: {one}" for one in left
                     if one.verdict is not Verdict.PASSED]
