"""One throw-away PostgreSQL for the zoo, and an empty live database in it for each test."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

import pytest

from lab import images
from lab.engine import ensure_engine
from lab.processes import file_lock
from tests.lab.databases.throwaway import Throwaway


@pytest.fixture(scope="package")
def throwaway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    ensure_engine()
    with file_lock("images"):
        images.ensure_images()
    server = Throwaway(f"gw2-lab-zoo-{os.getpid()}", tmp_path_factory.mktemp("zoo"))
    try:
        server.start("-c", "shared_preload_libraries=pg_stat_statements", "-c", "max_prepared_transactions=5")
        yield server
    finally:
        server.stop()


@pytest.fixture
def live(throwaway: Throwaway) -> Throwaway:
    throwaway.fresh()
    return throwaway


@pytest.fixture
def from_outside(live: Throwaway) -> Throwaway:
    """The same, for programs that run on this machine, and reach PostgreSQL through Docker as those of a server do."""
    return dataclasses.replace(live, outside=True)
