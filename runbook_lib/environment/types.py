"""The strict base of every part of an environment, and the text forms that several parts share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class StrictModel(BaseModel):
    """A frozen mapping of an environment file: unknown keys are refused and nothing is converted silently."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
# no spaces and no quotes: these paths are written into Compose files, cron lines and nginx's configuration
# without a slash at its end, or what is joined to it here and on the server would differ
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]*$"),
                         AfterValidator(lambda path: path.rstrip("/") or "/")]
Memory = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(MB|GB)$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_.-]{0,62}$")]
# PostgreSQL cuts a name after 63 bytes: a restore adds _restore_ and a time to it
DatabaseName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,38}$")]
# what a shell and Compose both take as the name of a variable
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$")]
Seconds = Annotated[float, Field(gt=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]

MEGABYTE = 1024 * 1024


def memory_bytes(text: str) -> int:
    """Bytes of a memory text; MB and GB are powers of 1024, as Docker counts them."""
    return int(text[:-2]) * (MEGABYTE * 1024 if text.endswith("GB") else MEGABYTE)
