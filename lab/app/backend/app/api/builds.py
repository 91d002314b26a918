"""Builds: what a player brings to a fight."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.caller import Caller, Part, Replies, Session
from app.errors import ApiError
from app.schemas import BuildIn, BuildOut, Page, Profession
from app.tables import Build, Event

router = APIRouter(prefix="/builds", tags=["builds"])


@router.get("", response_model=Page[BuildOut])
async def list_builds(part: Part, session: Session, cache: Replies, profession: Profession | None = None) -> Response:
    """Builds, newest first. Cached until the next change, for five minutes at most."""
    slot = await cache.slot("builds", f"{profession}:{part.limit}:{part.offset}")
    known = await cache.get(slot)
    if known is not None:
        return Response(known, media_type="application/json", headers={"X-Cache": "hit"})
    wanted = select(Build)
    if profession:
        wanted = wanted.where(Build.profession == profession)
    total = await session.scalar(select(func.count()).select_from(wanted.subquery()))
    found = await session.scalars(wanted.order_by(Build.id.desc()).limit(part.limit).offset(part.offset))
    items = [BuildOut.model_validate(build) for build in found]
    reply = Page(items=items, total=total or 0, limit=part.limit, offset=part.offset).model_dump_json()
    await cache.put(slot, reply)
    return Response(reply, media_type="application/json", headers={"X-Cache": "miss"})


@router.get("/{build_id}")
async def read_build(build_id: int, session: Session) -> BuildOut:
    return BuildOut.model_validate(await _build(session, build_id))


@router.post("", status_code=201)
async def create_build(body: BuildIn, user_id: Caller, session: Session, cache: Replies) -> BuildOut:
    build = Build(**body.model_dump(), owner_id=user_id)
    session.add(build)
    await session.flush()
    session.add(Event(kind="build.created", actor_id=user_id, subject_id=build.id, detail={"name": build.name}))
    await session.commit()
    await cache.forget("builds")
    return BuildOut.model_validate(build)


@router.put("/{build_id}")
async def update_build(build_id: int, body: BuildIn, user_id: Caller, session: Session, cache: Replies) -> BuildOut:
    build = await _build(session, build_id, owner_id=user_id)
    for name, value in body.model_dump().items():
        setattr(build, name, value)
    session.add(Event(kind="build.updated", actor_id=user_id, subject_id=build.id))
    await session.commit()
    await session.refresh(build)
    await cache.forget("builds")
    return BuildOut.model_validate(build)


@router.delete("/{build_id}", status_code=204)
async def delete_build(build_id: int, user_id: Caller, session: Session, cache: Replies) -> None:
    await session.delete(await _build(session, build_id, owner_id=user_id))
    session.add(Event(kind="build.deleted", actor_id=user_id, subject_id=build_id))
    await session.commit()
    await cache.forget("builds")


async def _build(session: AsyncSession, build_id: int, owner_id: int | None = None) -> Build:
    build = await session.get(Build, build_id) if build_id < 2**63 else None
    if build is None:
        raise ApiError(404, "not_found", f"There is no build {build_id}.")
    if owner_id is not None and build.owner_id != owner_id:
        raise ApiError(403, "not_yours", "Only its owner can change a build.")
    return build
