"""The secrets of a found project by name, with what needs them and whether a deployment can give them."""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.adopting.lines import Line, Tree
from runbook_lib.adopting.project import FoundProject
from runbook_lib.adopting.secret_names import is_secret_name, references, secret_values

SHORTEST_SECRET = 12  # characters that the draft asks of a secret


def secrets_tree(project: FoundProject) -> Tree:
    """The secrets by name, with what needs them. No value is read into it."""
    needed: dict[str, list[str]] = {}
    comments: dict[str, str] = {}
    urls, delivered, filled = set[str](), set[str](), set[str]()
    for one in project.services.values():
        for variable in _secret_variables(one.variables):
            written, given = one.filled_from.get(variable, ""), bool(one.variables[variable].strip())
            names = [name for name in references(written) if is_secret_name(name) or is_secret_name(variable)]
            # what nothing fills in is a line of a file that lists all that one may set
            for name in names or ([variable] if given else []):
                needed.setdefault(name, []).append(one.name)
                filled |= {name} if given else set()
                if names and name not in delivered:
                    comments[name] = f"{variable} of {one.name}"
                    delivered.add(name)
                comments.setdefault(name, _undelivered(project, variable, one.name))
                if "://" in written and names:
                    urls.add(name)
        for name, words in one.given.items():
            needed.setdefault(name, []).append(one.name)
            comments.setdefault(name, f"{words} {one.name}, as a file")
            delivered.add(name)
            # Compose starts nothing without it
            filled.add(name)
    return {name: {"needed_by": Line(sorted(set(services)), comments[name]), "minimum_length": Line(SHORTEST_SECRET),
                   "side": Line("server"), **_need(delivered=name in delivered, filled=name in filled),
                   **({"url_safe": Line(True, "it is a part of an address")} if name in urls else {})}
            for name, services in sorted(needed.items())}


def _undelivered(project: FoundProject, variable: str, service: str) -> str:
    if not project.reads_files:
        return f"{variable} of {service}, as it runs"
    return (f"{variable} of {service} has its value in a Compose file or a file of variables; a deployment can give it "
            f"only where that says ${{{variable}}}")


def _need(*, delivered: bool, filled: bool) -> Tree:
    """That no deployment waits for it: where none can give it, and where the application does without today."""
    if delivered and filled:
        return {}
    return {"required": Line(False, "" if filled else "it is empty here")}


def _secret_variables(variables: Mapping[str, str]) -> list[str]:
    return [name for name, value in sorted(variables.items()) if is_secret_name(name) or secret_values({"": value})]
