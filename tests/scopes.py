"""Which server the tests of a folder need, and how long they may take.

The tests of a folder run one after the other on one server, restored from a snapshot when the first of them begins and
stopped after the last. Folders run side by side under `pytest -n`. A new file in a folder needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

BARE = "bare"  # a server with sshd alone, in a second and without a snapshot
NOTHING, IMAGES, STATE = range(3)  # what has to be there before a scope can begin without waiting


@dataclass(frozen=True)
class Scope:
    """A folder of tests: the state (of lab/states.py, or BARE) of its server; empty where tests bring their own.

    `budget_s` is what its tests take together, the restored server included, next to three other workers on two cores.
    `needs`: NOTHING, IMAGES or STATE. `prepares`: makes what the others wait for. `apart`: no test of it minds where
    and when the others run. `idles`: it waits for clocks and silence, hardly for a processor. `alone`: its tests
    come after those of all other servers, and need the machine for themselves (tests/machine.py).
    """

    folder: str
    budget_s: float
    state: str = ""
    needs: int = STATE
    prepares: bool = False
    apart: bool = False
    idles: bool = False
    alone: bool = False


# in the order in which they are handed out: the longest first, what fills gaps last
SCOPES = {scope.folder: scope for scope in (
    Scope("lab/rehearsal", 430, prepares=True),
    # a copy of its schema for each migration, and a real Alembic
    Scope("lab/databases", 560, needs=IMAGES),
    # the second application, whose image is built when these tests or the lab first ask for it
    Scope("lab/applications", 740, "shop", needs=IMAGES),
    Scope("lab/release", 760, "v3.2.0"),
    Scope("faults/interruptions", 390, "v3.1.0"),
    Scope("lab/recovery", 380, "backups"),
    Scope("lab/forwarding", 260, needs=NOTHING, idles=True),  # hardly anything but waiting for rsyslog
    Scope("faults/injection", 230, "v3.2.0"),
    Scope("lab/systemd", 90),
    Scope("faults/serving", 270, "backups"),
    Scope("lab/read_only", 330, "backups"),
    Scope("lab/from_nothing", 40),
    Scope("lab/bare", 190, BARE, needs=IMAGES, idles=True),
    Scope("faults/bare", 80, BARE, needs=IMAGES, idles=True),
    Scope("lab/application", 50, needs=IMAGES),
    Scope("lab/plain_http", 150, "shop", needs=IMAGES),
    Scope("lab/proxies", 170, needs=IMAGES),
    Scope("lab/alerts", 160, "v3.1.0"),
    Scope("lab/alone", 130, "v3.1.0", alone=True),
    Scope("notebooks", 250, needs=NOTHING, apart=True),
    Scope("browser", 100, needs=NOTHING, apart=True),
    Scope("unit", 850, needs=NOTHING, apart=True),
)}
PLACES = {folder: place for place, folder in enumerate(SCOPES)}


def scope_of(path: str) -> Scope:
    """The scope of a test file or node id (`tests/lab/bare/test_jobs.py`). Raises KeyError."""
    file = PurePath(path.partition("::")[0])
    for folder in file.parents:
        if (found := SCOPES.get(str(folder).removeprefix("tests/"))) is not None:
            return found
    raise KeyError(f"{file} lies in no folder that tests/scopes.py knows")


def unit_of(nodeid: str) -> str:
    """The tests that stay together on one worker: those of a scope, or of a file where nothing is shared."""
    scope = scope_of(nodeid)
    return nodeid.partition("::")[0] if scope.apart else scope.folder
