"""Are the networks on the server those of the release's Compose file? Pure.

Compose makes a network once. One that a release changes stays as it is while containers are in it: Compose 2.26 leaves
it and reports nothing, later versions make it anew under all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.release.facts.networks import LiveNetwork
from runbook_lib.release.facts.repository import ComposeConfig

FOLLOWED = "the networks on the server are those of the Compose file"
_NEXT = ("A network is changed only while nothing is in it: in a maintenance window `docker compose down` on the "
         "server (volumes stay), then 20 Deploy. Until then the earlier one stays, whatever the release says.")


def networks_followed(config: ComposeConfig, networks: tuple[LiveNetwork, ...], project: str) -> tuple[Finding, ...]:
    """A warning where a network that exists differs from the release's; only what the release names is compared."""
    # of one name in the file an undo may have left a second one behind
    live = {one.name: one for one in sorted(networks, key=lambda one: one.in_use) if one.project == project}
    wrong = [f"{name}: {words}" for name, wanted in config.networks.items() if name in live
             for words in (*_renamed(wanted or {}, live[name], config.project, project),
                           *_differences(wanted or {}, live[name]))]
    return (Finding(FOLLOWED, Verdict.WARNING, "; ".join(wrong), "no difference", _NEXT),) if wrong else ()


def _renamed(wanted: Mapping[str, Any], live: LiveNetwork, of_file: str, project: str) -> list[str]:
    name, default = str(wanted.get("name") or ""), f"{of_file}_{live.name}"
    # the release may have been read under another project's name
    name = f"{project}_{live.name}" if name in ("", default) else name
    if not (live.full_name and live.in_use) or name == live.full_name or wanted.get("external"):
        return []
    return [f"name is {live.full_name} on the server, {name} in the release: what is made anew does not reach what "
            "stays as it runs"]


def _differences(wanted: Mapping[str, Any], live: LiveNetwork) -> list[str]:
    if wanted.get("external"):
        return []
    found = [_words("internal", bool(wanted.get("internal")), live.internal)]
    if wanted.get("driver"):
        found.append(_words("driver", wanted["driver"], live.driver))
    if wanted.get("enable_ipv6") is not None:
        found.append(_words("enable_ipv6", bool(wanted["enable_ipv6"]), live.ipv6))
    given = [str(one["subnet"]) for one in (wanted.get("ipam") or {}).get("config") or () if one.get("subnet")]
    if given:
        subnets, versions = _by_version(given), _by_version(live.subnets)
        # of a kind of addresses that the release does not name, an engine chooses them itself
        there = {version: versions.get(version, "not set") for version in subnets}
        found.append(_words("subnet", ", ".join(subnets.values()), ", ".join(there.values())))
    found += [_words(key, str(value), live.options.get(key, "not set"))
              for key, value in (wanted.get("driver_opts") or {}).items()]
    return [one for one in found if one]


def _by_version(subnets: Iterable[str]) -> dict[int, str]:
    """Subnets of IPv4 and of IPv6, each as one text; `10.1.2.3/24` is 10.1.2.0/24, as some engines print it."""
    found: dict[int, set[str]] = {}
    for text in subnets:
        try:
            subnet = ip_network(text, strict=False)
            found.setdefault(subnet.version, set()).add(str(subnet))
        except ValueError:
            found.setdefault(0, set()).add(text)
    return {version: ", ".join(sorted(found[version])) for version in sorted(found)}


def _words(key: str, wanted: object, live: object) -> str:
    return "" if wanted == live else f"{key} is {_shown(live)} on the server, {_shown(wanted)} in the release"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
