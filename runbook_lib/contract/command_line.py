"""The parameters of a run from a command line: the file's, and over them what was typed, each of it once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runbook_lib.contract import Contract
from runbook_lib.contract.parameter_file import read_parameter_file
from runbook_lib.core.errors import BadParameter


def given_parameters(contract: Contract, options: Mapping[str, tuple[str, str]], pairs: Sequence[str],
                     files: Sequence[str]) -> dict[str, Any]:
    """The typed values that were given. What is typed overrides the file.

    `options` has the options that were given: parameter name to the option as typed, and its text. Raises BadParameter
    where something is given twice, or a confirmation without anything to confirm.
    """
    once("-f", files)
    texts = {name: text for name, (_, text) in options.items()}
    for name, text in _pairs(pairs).items():
        if name in options:
            raise _refused(f"{options[name][0]} and -p {name}={text}: {name} is given twice")
        texts[name] = text
    values = (read_parameter_file(files[0], contract) if files else {}) | contract.parse(texts)
    # only what is typed counts: a file that is kept for applying may be used to see the plan first
    mode = next((one.default for one in contract.parameters if one.name == "mode"), None)
    if texts.get("confirm") and values.get("mode", mode) != "apply":
        raise _refused("--confirm without --apply: a plan changes nothing, so there is nothing to confirm",
                       "Add --apply to change the environment, or leave --confirm out to see the plan.")
    return values


def once(option: str, texts: Sequence[str]) -> str:
    """The text of an option that may be given once; empty where it was not. Raises BadParameter."""
    if len(texts) > 1:
        raise _refused(f"{' '.join(f'{option} {text}' for text in texts)}: {option} is given twice")
    return texts[0] if texts else ""


def _pairs(arguments: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE arguments as a mapping; a name given twice is an error, not a guess."""
    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or not name:
            raise _refused(f"-p {argument}: is not of the form NAME=VALUE")
        if name in pairs:
            raise _refused(f"-p {argument}: {name} is given twice")
        pairs[name] = text
    return pairs


def _refused(what: str, next_step: str = "Correct it and run again.") -> BadParameter:
    return BadParameter(what, where="command line", next_step=next_step)
