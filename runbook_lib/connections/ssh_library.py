"""paramiko, without what it would load for `Match exec` in a configuration file: OpenSSH itself reads that here.

invoke, with unittest and asyncio behind it, took a third of paramiko's own start, in every run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["paramiko"]

_NOT_USED = "invoke"


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Let an import of that library fail meanwhile, unless it is loaded already; a cell may import it afterwards."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say so
    try:
        yield
    finally:
        del sys.modules[name]


with _without(_NOT_USED):
    import paramiko
