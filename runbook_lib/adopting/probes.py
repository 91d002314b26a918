"""How 40 asks a found service itself, by what the project says of it; left out where that would be a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runbook_lib.adopting.kinds import CACHE, DATABASE, is_database, kind_of
from runbook_lib.adopting.lines import Line, Tree
from runbook_lib.adopting.project import FoundService
from runbook_lib.adopting.secret_names import is_secret_name

_OF_CACHES = re.compile(r"REDIS|VALKEY|KEYDB|DRAGONFLY|CACHE")
# our kinds of probe are called like the official images
OF_DATABASE, OF_CACHE = (one.images.partition("(")[0] for one in (DATABASE, CACHE))
ITSELF = "40 asks it itself, and not its container alone"


def probe_tree(one: FoundService, ports: Sequence[int], *, only_database: bool) -> Tree:
    """The `probe` of a service that listens at `ports`; empty where nothing says how it can be asked."""
    if one.runs_once:
        return {}
    if is_database(one):
        return {"kind": Line(OF_DATABASE, ITSELF)} if only_database else {}
    if kind_of(one) is CACHE:
        return _of_cache(one)
    if not one.check.host:
        return {}
    why = f"what its health check asks: {ITSELF}"
    return {**({"kind": Line("https", why)} if one.check.tls else {}), "path": Line(one.check.asked, why),
            **({} if list(ports)[-1:] == [one.check.port] else {"port": Line(one.check.port, why)}),
            # an application that takes its own names alone refuses a container's address
            "host": Line(one.check.host, why)}


def _of_cache(one: FoundService) -> Tree:
    """With the variable of its own container that holds its password; nothing where one may be set elsewhere."""
    holds = [name for name, value in sorted(one.variables.items())
             if value.strip() and is_secret_name(name) and "PASS" in name.upper() and name == name.upper()]
    # a file of variables that all services share has the database's password as well
    named = [name for name in holds if _OF_CACHES.search(name)] or (holds if one.locked else [])
    settings = any(volume.target.endswith(".conf") for volume in one.volumes)
    if len(named) > 1 or (not named and (one.locked or settings)):
        return {}
    return {"kind": Line(OF_CACHE, ITSELF), **({"password_variable": Line(named[0], ITSELF)} if named else {})}
