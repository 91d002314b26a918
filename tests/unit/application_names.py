"""How often the package and the notebooks name the one application that they were made for, by kind of name.

    .venv/bin/python -m tests.unit.application_names           # the numbers
    .venv/bin/python -m tests.unit.application_names images    # the places of one kind
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Programs, by the names that their makers gave them, and not services: what is known of each, whatever an application calls
# the service that it runs in.
PROGRAMS = {
    "runbook_lib/adopting/release.py": ("nginx",),  # a kind of proxy, which is known by its images
    "runbook_lib/connections/postgres.py": ("postgres",),  # the database that each PostgreSQL has for its own upkeep
    "runbook_lib/core/redaction/units.py": ("postgres", "prometheus"),  # words that are no secret
    "runbook_lib/environment/data_services.py": ("postgres",),
    "runbook_lib/environment/health.py": ("postgres", "redis"),  # how a service is asked
    "runbook_lib/environment/release.py": ("nginx",),  # a kind of proxy
    "runbook_lib/observability/checks/service_states.py": ("postgres", "redis"),
    "runbook_lib/observability/facts/service_replies.py": ("postgres", "redis"),
    "runbook_lib/platform/plans/nginx.py": ("nginx",),
    "runbook_lib/release/facts/configuration.py": ("nginx",),
    "runbook_lib/release/facts/validation_runs.py":  # whose configuration can be tried, known by their images
        ("nginx", "prometheus", "alertmanager", "grafana", "postgres", "redis"),
    "runbook_lib/release/plans/service_steps.py": ("postgres", "redis"),  # how each takes a changed setting
}
SERVICES = ("backend", "frontend", "nginx", "postgres", "redis", "grafana", "prometheus", "alertmanager")
_NAMES = "|".join(SERVICES)

# searched for in code, comments and prose: what these find belongs into the environment file, wherever it stands
ANYWHERE = {
    "images": r"\bgw2-(?:backend|frontend)\b",
    "labels": r"\borg\.gw2\.",
    "metrics": r"\bgw2[_:][a-z]",
    "log folders": r"/var/log/(?:gw2|nginx)\b",
    "words of its users": r"\bsquads?\b",
    "other names": r"(?<!org\.)(?<!/log/)\bgw2\b(?!-backend|-frontend|[_:][a-z])",
    "Compose file": r"docker-compose\.staging",
    # not Prometheus' own API, which lies below /api/v1 too
    "API paths": r"/(?:squads|builds)\b|/api/v1/health|/release\.json|\"/health\"|\"/api/v1\"",
}
# in code alone: prose names services to explain what is done
IN_SHELL = re.compile(rf"(?:service=|_container \"\$\w+\" \"?|\b(?=(?:backend|frontend)-\$))({_NAMES})\b")
IN_PYTHON = re.compile(rf"({_NAMES})(?:-(?:blue|green)?)?")


def counts() -> dict[str, int]:
    """How many names there are of each kind."""
    return {kind: len(places(kind)) for kind in (*ANYWHERE, "service names")}


def places(kind: str) -> list[str]:
    """`file:line: name` of each name of this kind in the package and the notebooks."""
    return [place for file in _files() for place in places_in(str(file.relative_to(ROOT)), _text_of(file), kind)]


def places_in(file: str, text: str, kind: str) -> list[str]:
    """`file:line: name` of each name of this kind in one file's text."""
    if kind == "service names":
        return [f"{file}:{number}: {name}" for number, name in sorted(_service_names(file, text))]
    return [f"{file}:{text.count(chr(10), 0, found.start()) + 1}: {found.group()}" for found in re.finditer(ANYWHERE[kind], text)]


def _service_names(file: str, text: str) -> Iterator[tuple[int, str]]:
    """Literals of Python that are a service's name, alone or in front of a colour, and what shell programs look up."""
    if file.endswith(".sh"):
        for number, line in enumerate(text.splitlines(), start=1):
            yield from ((number, found[1]) for found in IN_SHELL.finditer(line))
    elif file.endswith(".py"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and IN_PYTHON.fullmatch(node.value) \
                    and node.value not in PROGRAMS.get(file, ()):
                yield node.lineno, node.value


def _files() -> Iterator[Path]:
    for suffix in ("*.py", "*.sh", "*.j2", "*.html"):
        yield from sorted((ROOT / "runbook_lib").rglob(suffix))
    yield from sorted((ROOT / "notebooks").glob("*.ipynb"))


@cache
def _text_of(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


if __name__ == "__main__":
    print("\n".join(places(sys.argv[1])) if sys.argv[1:] else json.dumps(counts(), indent=4))
