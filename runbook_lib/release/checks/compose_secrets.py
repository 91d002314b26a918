"""Does the release's Compose file hold a secret, or a default for one? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment
from runbook_lib.release.facts.compose_variables import PLACEHOLDER
from runbook_lib.release.facts.repository import ComposeConfig

PLAIN = "no secret stands in the Compose file"
SOUNDS_SECRET = ("SECRET", "PASSWORD", "TOKEN_KEY", "PRIVATE_KEY")
_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^:/@\s]*:([^/@\s]+)@")
_NO_SECRET = re.compile(r"/.*|\d{1,6}|true|false|yes|no|", re.IGNORECASE)  # a path, a number of days, a switch


def no_secret_in_compose(config: ComposeConfig, environment: Environment) -> tuple[Finding, ...]:
    """A warning that names services and variables, never a value; nothing where all of them come from elsewhere.

    A default (`${KEY:-changeme}`) is in force as soon as the variable has another name: everybody who reads the
    repository can sign sessions with it then. Of an application with secret files of its own nothing is known:
    Compose has put their values there, out of a `.env` that may be on the server alone.
    """
    if environment.release.replaced or not environment.delivered_secrets:
        return ()
    found = [f"{service}: {name}" for service, about in sorted(config.services.items()) for name in _plain(about)]
    return (Finding(PLAIN, Verdict.WARNING, "; ".join(found), f"each comes from {environment.compose.secrets_file}",
                    "Refer to it as ${NAME:?} without a default, and name it in the environment file's secrets; then "
                    "make another value: who reads the repository knows this one."),) if found else ()


def _plain(service: Mapping[str, Any]) -> Iterator[str]:
    given = service.get("environment") or {}
    for name, value in sorted(given.items()) if isinstance(given, Mapping) else ():
        text = str(value if value is not None else "")
        in_url = _PASSWORD_IN_URL.search(text)
        whole = any(word in name.upper() for word in SOUNDS_SECRET) and not _NO_SECRET.fullmatch(text)
        secret = in_url[1] if in_url else text if whole else ""
        if secret and PLACEHOLDER not in secret:
            yield name
