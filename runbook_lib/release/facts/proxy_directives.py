"""What an nginx says of requests, of a release and of what is live: limits, access, headers, compression."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.text import lines_of

PROXY, DIRECTIVE = "proxy", "directive"
RELEASE, LIVE = "release", "live"


@dataclass(frozen=True)
class Directive:
    """One directive: the server (`443 www.example.com`) and the location that it stands in, empty outside of any.

    Of a header only its name is known; a `server` stands for each server, whatever else is known of it.
    """

    server: str
    location: str
    name: str
    words: str


@dataclass(frozen=True)
class Proxy:
    """A service that is an nginx. `live` is None where none runs, or where it could not be asked."""

    service: str
    release: tuple[Directive, ...] = ()
    live: tuple[Directive, ...] | None = None


def parse_proxies(text: str) -> tuple[Proxy, ...]:
    """The `proxy` and `directive` lines that `configuration.sh` prints, one entry a service. Raises FactUnreadable.

    Source: nginx' manual, `nginx -T`.
    """
    records = [line.split("\t") for line in lines_of(text)]
    try:
        asked = [(service, whose) for _, service, whose in (one for one in records if one[0] == PROXY)]
        shown = [((service, whose), Directive(server, location, name, words))
                for _, service, whose, server, location, name, words in
                (one for one in records if one[0] == DIRECTIVE)]
    except ValueError as cause:
        raise FactUnreadable("The proxy's configuration cannot be read.", where="configuration.sh",
                             next_step="Run the notebook again.") from cause

    def of(service: str, whose: str) -> tuple[Directive, ...]:
        return tuple(one for known, one in shown if known == (service, whose))

    return tuple(Proxy(service, of(service, RELEASE), of(service, LIVE) if (service, LIVE) in asked else None)
                 for service in dict.fromkeys(service for service, whose in asked if whose == RELEASE))
