"""Squads: who fights together."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.caller import Caller, Part, Replies, Session
from app.errors import ApiError
from app.schemas import Page, SquadIn, SquadOut
from app.tables import Event, Squad, SquadMember

router = APIRouter(prefix="/squads", tags=["squads"])


@router.get("", response_model=Page[SquadOut])
async def list_squads(part: Part, session: Session, cache: Replies) -> Response:
    """Squads with the number of their members, newest first. Cached like builds."""
    slot = await cache.slot("squads", f"{part.limit}:{part.offset}")
    known = await cache.get(slot)
    if known is not None:
        return Response(known, media_type="application/json", headers={"X-Cache": "hit"})
    total = await session.scalar(select(func.count()).select_from(Squad))
    found = (await session.scalars(select(Squad).order_by(Squad.id.desc()).limit(part.limit).offset(part.offset))).all()
    members = await _members(session, [squad.id for squad in found])
    items = [_out(squad, members.get(squad.id, 0)) for squad in found]
    reply = Page(items=items, total=total or 0, limit=part.limit, offset=part.offset).model_dump_json()
    await cache.put(slot, reply)
    return Response(reply, media_type="application/json", headers={"X-Cache": "miss"})


@router.get("/{squad_id}")
async def read_squad(squad_id: int, session: Session) -> SquadOut:
    squad = await _squad(session, squad_id)
    return _out(squad, (await _members(session, [squad_id])).get(squad_id, 0))


@router.post("", status_code=201)
async def create_squad(body: SquadIn, user_id: Caller, session: Session, cache: Replies) -> SquadOut:
    """A new squad; whoever creates it is its first member."""
    squad = Squad(**body.model_dump(), owner_id=user_id)
    session.add(squad)
    await session.flush()
    session.add(SquadMember(squad_id=squad.id, user_id=user_id))
    session.add(Event(kind="squad.created", actor_id=user_id, subject_id=squad.id, detail={"name": squad.name}))
    await session.commit()
    await cache.forget("squads")
    return _out(squad, 1)


@router.put("/{squad_id}")
async def update_squad(squad_id: int, body: SquadIn, user_id: Caller, session: Session, cache: Replies) -> SquadOut:
    squad = await _squad(session, squad_id, owner_id=user_id)
    for name, value in body.model_dump().items():
        setattr(squad, name, value)
    session.add(Event(kind="squad.updated", actor_id=user_id, subject_id=squad.id))
    await session.commit()
    await session.refresh(squad)
    await cache.forget("squads")
    return _out(squad, (await _members(session, [squad_id])).get(squad_id, 0))


@router.delete("/{squad_id}", status_code=204)
async def delete_squad(squad_id: int, user_id: Caller, session: Session, cache: Replies) -> None:
    await session.delete(await _squad(session, squad_id, owner_id=user_id))
    session.add(Event(kind="squad.deleted", actor_id=user_id, subject_id=squad_id))
    await session.commit()
    await cache.forget("squads")


async def _squad(session: AsyncSession, squad_id: int, owner_id: int | None = None) -> Squad:
    squad = await session.get(Squad, squad_id) if squad_id < 2**63 else None
    if squad is None:
        raise ApiError(404, "not_found", f"There is no squad {squad_id}.")
    if owner_id is not None and squad.owner_id != owner_id:
        raise ApiError(403, "not_yours", "Only its owner can change a squad.")
    return squad


async def _members(session: AsyncSession, squads: list[int]) -> dict[int, int]:
    counted = select(SquadMember.squad_id, func.count()).where(SquadMember.squad_id.in_(squads))
    found = await session.execute(counted.group_by(SquadMember.squad_id))
    return {row[0]: row[1] for row in found}


def _out(squad: Squad, members: int) -> SquadOut:
    return SquadOut.model_validate(squad).model_copy(update={"members": members})
