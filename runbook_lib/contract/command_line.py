"""The parameters of a run from a command line: the file's, and over them what was typed, each of it once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from runbook_lib.contract import Contract
from runbook_lib.contract.parameter_file import read_parameter_file
from runbook_lib.core.errors import BadParameter
from runbook_lib.environment import project


def given_parameters(contract: Contract, options: Mapping[str, tuple[str, str]], pairs: Sequence[str],
                     files: Sequence[str]) -> dict[str, Any]:
    """The typed values that were given. What is typed overrides the file.

    `options` has the options that were given: parameter name to the option as typed, and its text. Raises BadParameter
    with every fault: what is given twice, unknown or of the wrong type; and for a confirmation without anything to
    confirm.
    """
    once("-f", files)
    options = dict(options)
    typed, faults = _pairs(pairs)
    faults += [f"{options[name][0]} and -p {name}={typed.pop(name)}: {name} is given twice"
               for name in options if name in typed]
    faults += [f"{contract.notebook} only reads: leave out {options.pop(name)[0]}" for name in ("mode", "confirm")
               if name in options and not contract.changes_things]
    texts = {name: text for name, (_, text) in options.items()} | typed
    values, wrong = contract.parse(texts)
    values = _with_file(values, files, contract, faults + wrong, texts)
    # only what is typed counts: a file that is kept for applying may be used to see the plan first
    mode = next((one.default for one in contract.parameters if one.name == "mode"), None)
    if texts.get("confirm") and values.get("mode", mode) != "apply":
        raise _refused("--confirm without --apply: a plan changes nothing, so there is nothing to confirm",
                       "Add --apply to change the environment, or leave --confirm out to see the plan.")
    return values


def _with_file(values: dict[str, Any], files: Sequence[str], contract: Contract, faults: list[str],
               texts: Collection[str]) -> dict[str, Any]:
    """The values and those of the file below them. All faults at once: who learns of one by one runs as often."""
    in_file: dict[str, Any] = {}
    try:
        in_file = read_parameter_file(files[0], contract) if files else {}
    except BadParameter as error:
        if not faults:
            raise
        faults = faults + [f"{error.where}: {line}" for line in error.what.splitlines()]
    else:
        faults = faults + contract.missing({*texts, *in_file}) if faults else []
    contract.refuse(faults)
    return in_file | values


def environment_by_default(contract: Contract, values: Mapping[str, Any]) -> str:
    """The line about which environment a run takes that names none, and which others there are; else empty."""
    own = next((one for one in contract.parameters if one.name == "environment"), None)
    if own is None or own.required or "environment" in values:
        return ""
    others = [name for name in project.environment_names() if name != own.default]
    more = f" Others: {', '.join(others)}." if others else ""
    return f"No environment is named (-e): {own.default}, the notebook's default.{more}\n"


def once(option: str, texts: Sequence[str]) -> str:
    """The text of an option that may be given once; empty where it was not. Raises BadParameter."""
    if len(texts) > 1:
        raise _refused(f"{' '.join(f'{option} {text}' for text in texts)}: {option} is given twice")
    return texts[0] if texts else ""


def named_environment(texts: Sequence[str]) -> str:
    """The environment of -e. An empty one, as of a variable that is not set, is refused: it would be the notebook's."""
    text = once("-e", texts)
    if texts and not text.strip():
        raise _refused("-e names no environment",
                       f"Name one of: {', '.join(project.environment_names())}; or give the path of a file.")
    return text


def _pairs(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """NAME=VALUE arguments as a mapping, and what is wrong with others; a name given twice is a fault, not a guess."""
    pairs: dict[str, str] = {}
    faults = []
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or not name:
            faults.append(f"-p {argument}: is not of the form NAME=VALUE")
        elif name in pairs:
            faults.append(f"-p {argument}: {name} is given twice")
        else:
            pairs[name] = text
    return pairs, faults


def _refused(what: str, next_step: str = "Correct it and run again.") -> BadParameter:
    return BadParameter(what, where="command line", next_step=next_step)
