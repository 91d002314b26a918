"""How many requests a minute the proxy's configuration lets through, of a release and of what is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.text import lines_of

MINUTE_OF = {"s": 60, "m": 1}


@dataclass(frozen=True)
class RequestLimits:
    """The zones of nginx' `limit_req_zone`: name to requests a minute. `live` is None where it is not known."""

    service: str
    zones: Mapping[str, int] = field(default_factory=dict)
    live: Mapping[str, int] | None = None


def parse_request_limits(text: str) -> tuple[RequestLimits, ...]:
    """The `zones` and `zone` lines that `configuration.sh` prints, one entry a service. Raises FactUnreadable.

    Source: nginx' manual, ngx_http_limit_req_module.
    """
    records = [line.split("\t") for line in lines_of(text)]
    asked = [(record[1], record[2]) for record in records if record[0] == "zones"]
    try:
        rates = {(service, of, name): int(rate) * MINUTE_OF[unit]
                 for _, service, of, name, rate, unit in (record for record in records if record[0] == "zone")}
    except (ValueError, KeyError) as cause:
        raise FactUnreadable("The proxy's rate limit cannot be read.", where="configuration.sh",
                             next_step="Run the notebook again.") from cause

    def zones(service: str, of: str) -> dict[str, int]:
        return {name: rate for (whose, which, name), rate in rates.items() if (whose, which) == (service, of)}

    return tuple(RequestLimits(service, zones(service, "release"),
                               zones(service, "live") if (service, "live") in asked else None)
                 for service in dict.fromkeys(service for service, of in asked if of == "release"))
