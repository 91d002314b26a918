"""Which health endpoints a release did not answer before it was replaced: the environment file may be a later one's.

A path that only a later release has must not keep an earlier one from coming back. What the live release answers is
asked before anything is changed, and kept on the server by commit, so that a later rollback to it knows it, too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping

from runbook_lib.core.foreign_json import NotJson, read_object
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.endpoints import Endpoint

ANSWERS = ".runbook/endpoints.json"
STATUSES = range(100, 600)
NO_SUCH_PATH = (404, 405, 410)
Unanswered = Mapping[str, int]  # path → the status that came in place of the one that the environment file names


def unanswered(environment: Environment, endpoints: Iterable[Endpoint]) -> Unanswered:
    """The endpoints that are answered otherwise than the environment file says; one without any reply shows nothing."""
    rules = environment.health.endpoints
    return {one.path: one.status for one in endpoints
            if one.path in rules and one.status is not None and one.status != rules[one.path].status}


def missing_paths(before: Unanswered) -> Unanswered:
    """Those that a release does not have. Refused, limited or an error is a fault, whoever had it before."""
    return {path: status for path, status in before.items() if status in NO_SUCH_PATH}


def parse_answers(text: str | None) -> Mapping[str, Unanswered]:
    """Commit → what it did not answer. A damaged file is as good as none: the environment file then decides."""
    try:
        found = read_object(text or "{}")
    except NotJson:
        return {}
    return {commit: {path: status for path, status in paths.items() if type(status) is int and status in STATUSES}
            for commit, paths in found.items() if isinstance(paths, dict)}


def answers_text(known: Mapping[str, Unanswered], commit: str, now: Unanswered, keep: Collection[str]) -> str:
    """The file's text with what `commit` does not answer now; of other commits only those to `keep` stay."""
    others = {one: dict(paths) for one, paths in known.items() if one in keep and one != commit}
    return json.dumps({**others, **({commit: dict(now)} if now else {})}, indent=1, sort_keys=True) + "\n"
