"""The redactor of an environment: its secrets, and the words of ours that are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runbook_lib.core.redaction import Redactor, Secret

if TYPE_CHECKING:
    from runbook_lib.environment.model import Environment


def redactor_for(environment: Environment, secrets: Mapping[str, Secret] | Iterable[Secret],
                 words: Iterable[str] = ()) -> Redactor:
    """A redactor for the secrets that the environment calls secret, which leaves its own words readable.

    Hosts and users lie among GitHub's secrets and are in every report all the same. `words` are further ones of ours.
    """
    known = secrets.values() if isinstance(secrets, Mapping) else secrets
    public = {name for name, need in getattr(environment, "secrets", {}).items() if not need.redacted}
    ours = {*words, *own_words(environment)}
    return Redactor((secret for secret in known if secret.name not in public), ours)


def own_words(environment: Environment) -> set[str]:
    """Every name, host, path and word of an environment's file, which is public; whole texts and their words."""
    dump = getattr(environment, "model_dump", None)
    found: set[str] = set()
    for text in _texts(dump(mode="json") if dump else {}):
        found |= {text, *re.split(r"[^\w.-]+", text), *re.split(r"\W+", text)}
    return found - {""}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
