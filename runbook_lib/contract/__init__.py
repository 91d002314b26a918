"""The parameters of a notebook, read from its `parameters` cell, and the strict check of values against them.

The cell is parsed as Python and never run. Where papermill guesses a type, the contract knows it: `1.10` for
a text parameter stays `1.10`.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.contract.catalogue import Runbook, find_runbook
from runbook_lib.contract.types import ParameterType, type_of, validator_for
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.text import did_you_mean

MISSING: Any = object()


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell. `default` is MISSING where the notebook gives none."""

    name: str
    kind: ParameterType
    default: Any
    comment: str

    @property
    def required(self) -> bool:
        """Whether a run must give the value: the notebook has no default, or an empty one where none can be meant."""
        return self.default is MISSING or (self.name == "ref" and not self.default)

    def coerce(self, value: Any) -> Any:
        """`value` as the notebook gets it. Raises ValueError for what does not fit."""
        return self._checked(self.kind.coerce(value))

    def parse(self, text: str) -> Any:
        """What a text on a command line means. Raises ValueError for what does not fit."""
        return self._checked(self.kind.parse(text))

    def _checked(self, value: Any) -> Any:
        # `ref` where it has a default, too: an empty one, as of a variable that is not set, is never meant
        if isinstance(value, str) and not value.strip() and (self.required or self.name == "ref"):
            raise ValueError(self.wanted)
        return validator_for(self.name, self.default)(value)

    @property
    def wanted(self) -> str:
        """What has to be given where there is nothing."""
        if self.name == "ref":
            return "is required: the tag, branch or commit, for example -p ref=v1.2.0 (papermill: -r ref v1.2.0)"
        example = f", for example -p {self.name}=TEXT" if self.kind.base is str and not self.kind.choices else ""
        return f"is required ({self.kind}){example}"


@dataclass(frozen=True)
class Contract:
    """What a notebook may be given."""

    notebook: str
    parameters: tuple[Parameter, ...]

    @property
    def names(self) -> list[str]:
        """The names of the parameters, in the cell's order."""
        return [parameter.name for parameter in self.parameters]

    @property
    def changes_things(self) -> bool:
        """Whether the notebook has an apply mode at all."""
        return "mode" in self.names

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter with its typed value, defaults filled in.

        Raises BadParameter that names every fault: unknown names, missing ones, wrong types, forbidden values.
        """
        # all faults at once: an operator corrects a file in one go
        faults = [self.unknown(name) for name in values if name not in self.names] + self.missing(values)
        typed: dict[str, Any] = {}
        for parameter in self.parameters:
            value = values.get(parameter.name, parameter.default)
            if parameter.required and parameter.name not in values:
                continue
            try:
                typed[parameter.name] = parameter.coerce(value)
            except ValueError as error:
                faults.append(f"{parameter.name}: {error}")
        self.refuse(faults)
        return typed

    def parse(self, texts: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        """Values from the texts of a command line, by the type each parameter has, and what is wrong with the rest."""
        known = {parameter.name: parameter for parameter in self.parameters}
        faults, values = [], {}
        for name, text in texts.items():
            if name not in known:
                faults.append(self.unknown(name))
                continue
            try:
                values[name] = known[name].parse(text)
            except ValueError as error:
                faults.append(f"{name}: {error}")
        return values, faults

    def missing(self, given: Iterable[str]) -> list[str]:
        """What is wrong where a parameter without a default is not among those given."""
        return [f"{one.name}: {one.wanted}" for one in self.parameters if one.required and one.name not in given]

    def unknown(self, name: str) -> str:
        """What is wrong with a name that is not one of the parameters, with what was probably meant."""
        reads = "; it only reads" if name in ("mode", "confirm") and not self.changes_things else ""
        return f"{name} is not a parameter of {self.notebook}{reads or did_you_mean(name, self.names)}"

    def refuse(self, faults: list[str]) -> None:
        """Raises BadParameter where there are faults, with all of them."""
        if faults:
            raise BadParameter(
                "\n".join(faults),
                where=f"parameters of {self.notebook}",
                next_step=f"See its parameters with: runbook show {self.notebook}. Nothing was contacted.",
            )


def read_contract(notebook: str | Runbook) -> Contract:
    """The contract of a notebook of this project. Raises NotebookUnknown, or BadParameter on a malformed cell."""
    runbook = find_runbook(notebook) if isinstance(notebook, str) else notebook
    return parse_contract(runbook.name, runbook.parameters_source)


def parse_contract(notebook: str, source: str) -> Contract:
    """The contract that a parameters cell states. Raises BadParameter where it is not one annotated literal a line."""
    try:
        # parsed, never run: reading a contract must not execute what stands in a notebook
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise _malformed(notebook, f"line {error.lineno}: {error.msg}") from error
    comments = _comments(source)
    return Contract(notebook, tuple(_parameter(notebook, one, comments) for one in statements))


def _parameter(notebook: str, statement: ast.stmt, comments: dict[int, str]) -> Parameter:
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        raise _malformed(notebook, f"line {statement.lineno}: should be `name: type = value`")
    name = statement.target.id
    try:
        kind = type_of(statement.annotation)
        default = MISSING if statement.value is None else ast.literal_eval(statement.value)
        if default is not MISSING:
            default = kind.coerce(default)
    except ValueError as error:
        raise _malformed(notebook, f"{name}: {error}") from error
    return Parameter(name, kind, default, comments.get(statement.end_lineno or statement.lineno, ""))


def _comments(source: str) -> dict[int, str]:
    """Trailing comments by line number."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _malformed(notebook: str, fault: str) -> BadParameter:
    return BadParameter(
        f"The parameters cell is not a list of annotated literals. {fault}",
        where=f"notebooks/{notebook}.ipynb, parameters cell",
        next_step="Correct the cell, or restore the notebook from git.",
    )
