"""JSON log lines on stdout and in LOG_FILE, each with the correlation id of its request."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler

from app.settings import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, version, and what `extra={"fields"}` adds."""

    def __init__(self, version: str = "") -> None:
        super().__init__()
        self._version = version

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "version": self._version,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start_logging(settings: Settings) -> None:
    """Send all loggers to stdout and, when LOG_TO_FILE is set, to LOG_FILE.

    A log file that cannot be written costs a warning, not the service.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    problem: OSError | None = None
    if settings.LOG_TO_FILE:
        try:
            handlers.append(WatchedFileHandler(settings.LOG_FILE, encoding="utf-8"))  # follows logrotate's rename
        except OSError as error:
            problem = error
    for handler in handlers:
        handler.setFormatter(JsonLines(settings.RELEASE_VERSION))
    logging.basicConfig(level=settings.LOG_LEVEL, handlers=handlers, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "gunicorn.error", "gunicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name not in ("uvicorn.access", "gunicorn.access")  # our own line says more
    if problem:
        logging.getLogger("app").warning("log file %s cannot be written: %s", settings.LOG_FILE, problem)
