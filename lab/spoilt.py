"""Releases with one spoilt file, made in an instance's origin: one for any file that a release has."""

from __future__ import annotations

from lab.instance import ORIGIN, Instance
from lab.processes import output

# In every kind of file this is a fault in its first line: an unknown word, or a construct that is never closed.
BY_ENDING = {".sh": "if spoilt; then\n", ".json": "{ spoilt\n", ".yml": "spoilt: [on purpose\n", ".yaml": "spoilt: [\n"}
UNKNOWN_WORD = "spoilt on purpose\n"
PROGRAM = r"""
set -eu
cd "$1"; tag=$2 base="$3^{commit}" path=$4 before=$5
GIT_INDEX_FILE=$(mktemp -u); export GIT_INDEX_FILE
trap 'rm -f "$GIT_INDEX_FILE"' EXIT
for who in AUTHOR COMMITTER; do export "GIT_${who}_NAME=lab" "GIT_${who}_EMAIL=lab@example.com"; done
git read-tree "$base"
mode=$(git ls-files --stage -- "$path" | cut -d' ' -f1)
[ -n "$mode" ] || { echo "$3 has no file $path" >&2; exit 1; }
# the base is a commit by now: `<commit>^{commit}:path` is not a name that git knows
blob=$({ printf %s "$before"; git show "$(git rev-parse "$base"):$path"; } | git hash-object -w --stdin)
git update-index --cacheinfo "$mode,$blob,$path"
git tag --force "$tag" "$(git commit-tree "$(git write-tree)" -p "$base" -m "Spoil $path")" >/dev/null
"""


def fault_in(path: str) -> str:
    """What is put before the first line of a file to spoil it."""
    return next((text for ending, text in BY_ENDING.items() if path.endswith(ending)), UNKNOWN_WORD)


def make_release(instance: Instance, tag: str, path: str, *, base: str, before: str = "") -> None:
    """A release `tag` at the origin: `base` with `before` (by default a fault) put before the first line of `path`.

    Raises LabError when `base` has no such file.
    """
    output(instance.inside("sh", "-c", PROGRAM, "spoil", ORIGIN, tag, base, path, before or fault_in(path),
                           user="deploy"), timeout_s=30)
