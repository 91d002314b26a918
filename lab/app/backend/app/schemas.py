"""What comes in and what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")
Profession = Literal[
    "guardian", "warrior", "revenant", "engineer", "ranger", "thief", "elementalist", "mesmer", "necromancer"
]
Role = Literal["support", "damage", "control", "scout"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")]
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{3,40}$")]
Password = Annotated[str, StringConstraints(min_length=10, max_length=200)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Credentials(In):
    username: Username
    password: Password


class RefreshIn(In):
    refresh_token: str = Field(max_length=2000)


class Tokens(Out):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int


class UserOut(Out):
    id: int
    username: str


class BuildIn(In):
    name: Name
    profession: Profession
    role: Role
    description: Description = ""


class BuildOut(Out):
    id: int
    name: str
    profession: str
    role: str
    description: str
    owner_id: int
    updated_at: datetime


class SquadIn(In):
    name: Name
    description: Description = ""


class SquadOut(Out):
    id: int
    name: str
    description: str
    owner_id: int
    members: int = 0
    updated_at: datetime


class Page(Out, Generic[T]):
    items: list[T]
    total: int
    limit: int
    offset: int
