"""What 61 Capacity review watches: each resource as PromQL, its limit, and how early a limit has to be known."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from runbook_lib.environment.types import ComposeName, Days, Hours, StrictModel, Text, memory_bytes

Number = Annotated[float, Field(gt=0, le=1e18, allow_inf_nan=False)]
_SIZE = re.compile(r"[1-9][0-9]{0,6}(MB|GB)")
_ROOTS = ("services", "tuning", "alerts")  # where the file says how much there may be of something


class Resource(StrictModel):
    """One resource. `query` is a PromQL that gives one series: the highest use of the last hour, in `unit`.

    `limit` is a number in that unit, a size (`2GB`, for the unit `bytes`), or the place in this file where the limit
    is set, such as `services.redis.memory` or `tuning.backend.pool_size`. Without one only its growth is shown.
    `held_by` is the place of a larger limit that holds this one, and that has to be raised with it.
    `none_expected`: any use at all is bad news, as with evicted keys. `service` is the one that it belongs to: where
    that is absent, so is the resource. Where the environment has no such thing for another reason, `absent_reason` is
    why. Of what is absent nothing is asked.
    """

    title: Text
    unit: Text
    query: Text | None = None
    limit: Number | Text | None = None
    held_by: Text | None = None
    none_expected: bool = False
    service: ComposeName | None = None
    absent_reason: Text | None = None

    @model_validator(mode="after")
    def _can_be_asked(self) -> Resource:
        if self.query is None and self.absent_reason is None:
            raise ValueError("query: is missing; name its PromQL, or say by absent_reason why there is none")
        if self.none_expected and self.limit is not None:
            raise ValueError("none_expected and limit: at most one of them")
        return self


class Capacity(StrictModel):
    """Resources by name, and the figures they are judged by.

    `minimum_days` of history are needed before a trend is estimated. A limit that is reached within `act_within_days`
    is a failure, within `plan_within_days` a warning. A limit should be used to at most `target_percent` after a
    change, and is called too small from `near_percent` on. A review older than `maximum_age_h` is overdue.
    """

    resources: dict[Text, Resource] = Field(default_factory=dict)
    minimum_days: Annotated[int, Field(ge=14, le=3_650)] = 21
    act_within_days: Days = 14
    plan_within_days: Days = 90
    target_percent: Annotated[float, Field(ge=10, le=95, allow_inf_nan=False)] = 70.0
    near_percent: Annotated[float, Field(ge=20, le=100, allow_inf_nan=False)] = 85.0
    maximum_age_h: Hours = 840

    @model_validator(mode="after")
    def _in_order(self) -> Capacity:
        if self.act_within_days > self.plan_within_days:
            raise ValueError("act_within_days: should not be more than plan_within_days")
        if self.target_percent >= self.near_percent:
            raise ValueError("target_percent: should be less than near_percent")
        return self


def why_absent(resource: Resource, absent_services: Mapping[str, str]) -> str:
    """Why there is no such resource here, also because its service is absent; empty where there is one."""
    return resource.absent_reason or absent_services.get(resource.service or "", "")


def parts_of(place: str) -> tuple[str, ...]:
    """The keys of a place such as `services.redis.memory`; a service's name may have dots itself."""
    root, _, rest = place.partition(".")
    name, _, last = rest.rpartition(".")
    return (root, name, last) if root == "services" and name else tuple(place.split("."))


def limit_of(file: StrictModel, resource: Resource) -> float | None:
    """The limit of a resource in its unit, bytes for sizes; None where it has none. Raises ValueError.

    `file` is the environment that places such as `services.redis.memory` lead into.
    """
    return _amount_at(file, resource.limit)


def _amount_at(file: StrictModel, limit: float | str | None) -> float | None:
    if limit is None or isinstance(limit, (int, float)):
        return limit
    if _SIZE.fullmatch(limit):
        return float(memory_bytes(limit))
    value: Any = file
    root, _, _ = limit.partition(".")
    for part in parts_of(limit) if root in _ROOTS else ("",):
        known = value if isinstance(value, dict) else dict(value) if isinstance(value, StrictModel) else {}
        if part not in known:
            raise ValueError(f"{limit!r} is neither a number, a size such as 2GB, nor a place in this file such as "
                             "services.redis.memory")
        value = known[part]
    if isinstance(value, str) and _SIZE.fullmatch(value):
        return float(memory_bytes(value))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise ValueError(f"{limit!r} is a place in this file that holds no amount")
    return float(value)


def capacity_faults(file: StrictModel, capacity: Capacity, services: Container[str]) -> list[str]:
    """What the resources and the rest of the file do not agree on."""
    faults = []
    for name, resource in capacity.resources.items():
        if resource.service is not None and resource.service not in services:
            faults.append(f"capacity.resources.{name}.service: there is no service {resource.service!r}")
        try:
            limit_of(file, resource)
        except ValueError as error:
            faults.append(f"capacity.resources.{name}.limit: {error}")
        try:
            _amount_at(file, resource.held_by)
        except ValueError as error:
            faults.append(f"capacity.resources.{name}.held_by: {error}")
    return faults
