"""The strict base of every part of an environment, and the text forms that several parts share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class StrictModel(BaseModel):
    """A frozen mapping of an environment file: unknown keys are refused and nothing is converted silently."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


# printed to terminals and written into configuration: a code hidden in a text would be obeyed there
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_OR_LINE_END = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _without_control_characters(text: str) -> str:
    found = _CONTROL.search(text)
    if found:
        raise ValueError(f"should be text without control characters, has U+{ord(found.group()):04X}")
    return text


def _one_line(text: str) -> str:
    found = _CONTROL_OR_LINE_END.search(text)
    if found:
        raise ValueError(f"should be one line without control characters, has U+{ord(found.group()):04X}")
    return text


def _below(path: str) -> str:
    if path.endswith("/") or not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise ValueError(f"should be a plain path such as deploy/compose.yml, got {path!r}")
    return path


def _with_a_port(address: str) -> str:
    port = address.rpartition(":")[2]
    if port.isdigit() and not 1 <= int(port) <= 65535:
        raise ValueError(f"its port should be between 1 and 65535, got {port:.20}")
    return address


Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), AfterValidator(_without_control_characters)]
# what programs take as one argument or one line, and what is searched for in a line
Line = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), AfterValidator(_one_line)]
# lists of them are joined by spaces on their way to the server
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[^\s\p{Cc}\p{Cf}]*$")]
# no spaces and no quotes: these paths are written into Compose files, cron lines and nginx's configuration
# without a slash at its end, or what is joined to it here and on the server would differ
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]*$"),
                         AfterValidator(lambda path: path.rstrip("/") or "/")]
# below a folder that is named elsewhere: without a slash in front, and never out of it by `..`
RelativePath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._][A-Za-z0-9._/-]*$"),
                         AfterValidator(_below)]
# a file of the server, below the project's folder or anywhere
FileOfServer = Annotated[str, StringConstraints(pattern=r"^/?[A-Za-z0-9._][A-Za-z0-9._/-]*$"),
                         AfterValidator(lambda path: "/" * path.startswith("/") + _below(path.removeprefix("/")))]
Memory = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,6}(MB|GB)$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_.-]{0,62}$")]
# as Compose names services, networks, volumes and profiles: with capitals too; no dash in front, which would be an
# option of docker
ComposeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$")]
# PostgreSQL cuts a name after 63 bytes: a restore adds _restore_ and a time to it. Statements of ours have it in quotes
DatabaseName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,38}$")]
# as PostgreSQL names roles; no dash in front, which would be an option of psql
RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$")]
# what a shell and Compose both take as the name of a variable
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$")]
# Every number has an upper bound: a time that no date can hold, or a count that no program can, is a slip of the hand,
# and would end a run in the middle
Seconds = Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)]
BriefSeconds = Annotated[float, Field(ge=0.1, le=600, allow_inf_nan=False)]  # what a link or a proxy is waited for
# between two probes: with less, they would be an attack on what they watch
Interval = Annotated[float, Field(ge=0.1, le=3_600, allow_inf_nan=False)]
Hours = Annotated[int, Field(ge=1, le=87_600)]
Days = Annotated[int, Field(ge=1, le=3_650)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]  # what the 32 bits of PostgreSQL and of most programs hold

UrlAddress = Annotated[str, StringConstraints(pattern=r"^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?$"),
                       AfterValidator(_with_a_port)]
HostAndPort = Annotated[str, StringConstraints(pattern=r"^([^:\s]+|\[[0-9A-Fa-f:.]+\]):[0-9]+$"),
                        AfterValidator(_with_a_port)]

MEGABYTE = 1024 * 1024


def memory_bytes(text: str) -> int:
    """Bytes of a memory text; MB and GB are powers of 1024, as Docker counts them."""
    return int(text[:-2]) * (MEGABYTE * 1024 if text.endswith("GB") else MEGABYTE)
