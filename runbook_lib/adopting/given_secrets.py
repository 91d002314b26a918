"""Secrets that a project gives as files: from which variable of Compose each is made, and which service has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.adopting.secret_names import is_secret_name, references

Files = dict[tuple[str, str], tuple[str, ...]]


def variables_of_secrets(model: Mapping[str, Any], unresolved: Mapping[str, Any]) -> Files:
    """The variables of each secret, and those of a configuration that are called like one, by (kind, name).

    A secret that is a file on the server is not made from any. Source: Compose file reference, secrets and configs.
    """
    found: Files = {}
    for kind in ("secrets", "configs"):
        for name, one in _mapping(model.get(kind)).items():
            written = _mapping(_mapping(unresolved.get(kind)).get(name))
            variable = str(_mapping(one).get("environment") or "")
            # a configuration's text is filled in with variables
            names = (variable, *references(str(written.get("content") or "")))
            found[kind, name] = tuple(each for each in dict.fromkeys(filter(None, names))
                                      if kind == "secrets" or is_secret_name(each))
    return found


def secrets_given(service: Mapping[str, Any], files: Files) -> dict[str, str]:
    """The variables that one service, or its build, is given as files, each with what it is in words."""
    found: dict[str, str] = {}
    places = (("secrets", service, "the secret {} of"), ("configs", service, "the configuration {} of"),
              ("secrets", _mapping(service.get("build")), "the secret {} of the build of"))
    for kind, holder, words in places:
        for one in _items(holder.get(kind)):
            name = str(one.get("source") or "") if isinstance(one, dict) else str(one)
            for variable in files.get((kind, name), ()):
                found.setdefault(variable, words.format(name))
    return found


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
