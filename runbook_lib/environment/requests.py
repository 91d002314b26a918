"""One request of a user's flow as data: what the smoke test, a session across a switch and the load test send."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from runbook_lib.environment.types import Line, StrictModel, Text, UrlPath

# what every user of a flow has: a name and a password that no other one has, and a number
GIVEN = ("word", "password", "number")
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
# what says where a request goes and how long it is belongs to whoever sends it
_NOT_OURS = ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer")


def _on_this_host(path: str) -> str:
    # a second slash begins another host's name for some clients, and so does a backslash; a fragment is never sent
    if path.startswith("//") or "\\" in path or "#" in path:
        raise ValueError(f"should be a path on the application's own host, without //, \\ and #, got {path[:80]!r}")
    return path


def _not_of_the_connection(name: str) -> str:
    if name.lower() in _NOT_OURS:
        raise ValueError(f"{name} is set by whoever sends the request")
    return name


Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,60}$"),
                       AfterValidator(_not_of_the_connection)]
HostPath = Annotated[UrlPath, AfterValidator(_on_this_host)]


class RequestStep(StrictModel):
    """One request of a user's flow; any reply but one with `status` is an error and ends the flow.

    `${word}`, `${password}` and `${number}` are this user's own; further placeholders are what an earlier step kept.
    The body is a `json_body` or the fields of a `form`. `keep` maps such a name to a field of the reply's JSON object.
    A step with `always` removes what the flow made: it is done after an error as well, and after a stop.
    """

    name: Line
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: HostPath
    status: Annotated[int, Field(ge=200, le=599)] = 200
    json_body: dict[Text, Any] | None = None
    form: dict[Text, str] | None = None
    headers: dict[HeaderName, Line] = Field(default_factory=dict)
    keep: dict[Variable, Text] = Field(default_factory=dict)
    always: bool = False

    @model_validator(mode="after")
    def _has_one_body(self) -> RequestStep:
        if self.json_body is not None and self.form is not None:
            raise ValueError("json_body and form: at most one of them")
        return self

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that path, body and headers need, in order, each once."""
        return placeholders_in(self.path, *self.headers.values(), self.json_body, self.form)


def placeholders_in(*values: Any) -> tuple[str, ...]:
    """The placeholders of texts, also of those in lists and mappings, in order, each once."""
    return tuple(dict.fromkeys(name for value in values for text in _texts(value)
                               for name in PLACEHOLDER.findall(text)))


def step_faults(steps: Sequence[RequestStep], place: str, known: set[str] | None = None) -> list[str]:
    """Names given twice, and placeholders that no earlier step keeps; what tidies up comes last and knows them all."""
    names = [step.name for step in steps]
    faults = [f"{place}.{number}.name: {name!r} is the name of an earlier step too"
              for number, name in enumerate(names) if name in names[:number]]
    known = {*GIVEN, *(known or ())}
    everything = known | {name for step in steps for name in step.keep}
    for number, step in enumerate(steps):
        faults += [f"{place}.{number}: ${{{name}}} is kept by no earlier step, and is none of {', '.join(GIVEN)}"
                   for name in step.placeholders if name not in (everything if step.always else known)]
        faults += [f"{place}.{number}.keep.{name}: is given to every visit, choose another name"
                   for name in step.keep if name in GIVEN]
        known |= set(step.keep)
    return faults


def filled(value: Any, values: dict[str, str]) -> Any:
    """A value with its placeholders replaced, also in lists and mappings; what a value itself holds stays as it is."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {key: filled(one, values) for key, one in value.items()}
    return [filled(one, values) for one in value] if isinstance(value, list) else value


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [text for one in inner for text in _texts(one)]
