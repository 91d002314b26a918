"""`python -m lab.dashboards`: write every dashboard. With `--check` only compare: 1 where a file is not fresh."""

from __future__ import annotations

import sys

from lab.dashboards.building import written
from lab.processes import root

FOLDER = "staging/grafana/dashboards"


def main(words: list[str]) -> int:
    """0 when the files are fresh or were written, 1 where `--check` finds one that is not, 2 for wrong words."""
    if words not in ([], ["--check"]):
        print("usage: python -m lab.dashboards [--check]", file=sys.stderr)
        return 2
    folder = root() / FOLDER
    wanted = written()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    for name in stale:
        print(f"{FOLDER}/{name}")
        if words:
            continue
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:  # a dashboard that was renamed: Grafana would show both
            (folder / name).unlink()
    return 1 if words and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
