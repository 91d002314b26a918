"""Every error is returned as JSON: {"error": {"code", "message", "request_id"}}, with fields for invalid input."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException

from app.logs import request_id

log = logging.getLogger("app.errors")


class ApiError(Exception):
    """A refusal that the caller can understand."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def reply(status: int, code: str, message: str, **more: Any) -> JSONResponse:
    """The format of every error reply."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = {"error": {"code": code, "message": message, "request_id": request_id.get(), **more}}
    return JSONResponse(body, status_code=status, headers=headers)


def translate_errors(app: FastAPI) -> None:
    """Register how each kind of error is answered and logged."""

    @app.exception_handler(ApiError)
    async def refused(_: Request, error: ApiError) -> JSONResponse:
        return reply(error.status, error.code, error.message)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = {_field(fault): fault["msg"] for fault in error.errors()}
        return reply(422, "invalid", "Some fields are not valid.", fields=fields)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return reply(error.status_code, f"http_{error.status_code}", str(error.detail))

    @app.exception_handler(IntegrityError)
    async def conflict(_: Request, error: IntegrityError) -> JSONResponse:
        log.warning("conflict: %s", type(error.orig).__name__)
        return reply(409, "conflict", "This contradicts what is stored already.")

    @app.exception_handler(PoolExhausted)
    @app.exception_handler(DBAPIError)
    @app.exception_handler(OSError)
    async def unavailable(_: Request, error: Exception) -> JSONResponse:
        lost = not isinstance(error, DBAPIError) or error.connection_invalidated or _is_connection_fault(error)
        log.error("database unavailable" if lost else "database error", exc_info=error)
        if lost:
            return reply(503, "unavailable", "A part of the service is unavailable. Try again in a moment.")
        return reply(500, "internal", "Something went wrong on our side.")

    @app.exception_handler(SQLAlchemyError)
    async def database(_: Request, error: SQLAlchemyError) -> JSONResponse:
        log.error("database error", exc_info=error)
        return reply(500, "internal", "Something went wrong on our side.")


def _field(fault: dict[str, Any]) -> str:
    named = fault["loc"][1:] if fault["type"] != "json_invalid" else ()
    return ".".join(str(part) for part in named) or "body"


def _is_connection_fault(error: DBAPIError) -> bool:
    # SQLSTATE classes 08 connection, 53 resources, 57 operator intervention
    return str(getattr(error.orig, "sqlstate", "") or "")[:2] in ("08", "53", "57")
