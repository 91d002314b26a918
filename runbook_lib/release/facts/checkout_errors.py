"""Why a release cannot be read from the checkout on the server, or by Compose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yaml

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.text import lines_of
from runbook_lib.environment.yaml_limits import collection_key


def unreachable(kind: str, message: str, where: str) -> FactUnreadable:
    """Of what `read_git.sh` gives up with, `no-checkout` or `unreachable`, and of git's own words."""
    if kind == "no-checkout" and "dubious ownership" in message:
        return FactUnreadable("The checkout belongs to another user of the server, and git refuses to read it.",
                              where=where, next_step=f"On the server, as the deploy user: git config --global --add "
                              f"safe.directory {where}. Or give it to that user: chown -R.")
    if kind == "no-checkout":
        return FactUnreadable(f"There is no git checkout: {message}", where=where,
                              next_step="Clone it there as the deploy user, or change server.directory.")
    return FactUnreadable(f"The origin of the checkout does not answer: {message}", where=where,
                          next_step="On the server, as the deploy user: git ls-remote origin.")


def compose_error(error: str) -> str:
    """The line that explains the failure: Compose prints warnings before it."""
    lines = [line for line in lines_of(error) if line.strip() and "level=warning" not in line]
    return lines[-1].strip() if lines else "docker compose failed without a message"


def key_without_line(files: Mapping[str, str], names: Iterable[str]) -> str:
    """Where a list or mapping is a key: an error of Compose's reader that names no line. Empty where none is."""
    for name in names:
        try:
            place = collection_key(files.get(name, ""))
        except yaml.YAMLError:
            return ""  # Compose's own message has its line
        if place:
            return f"{name}, {place}"
    return ""
