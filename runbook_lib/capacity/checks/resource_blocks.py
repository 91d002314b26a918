"""The proposed limits as text to paste: the environment file's keys, and Compose's `resources`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook_lib.capacity.checks.capacity_review import CapacityReview
from runbook_lib.capacity.checks.limit_changes import Proposal, proposals, without_setting
from runbook_lib.environment import Environment
from runbook_lib.environment.capacity import parts_of

NOTHING = "# No limit has to be changed by what is known today.\n"


def resources_block(environment: Environment, review: CapacityReview) -> str:
    """YAML for the environment file, and below it the Compose file's `resources` of the same services."""
    found, without = proposals(environment, review), without_setting(environment, review)
    lines = [f"# {one}" for one in without]
    if not found:
        return "\n".join(lines) + "\n" if lines else NOTHING
    lines += ["# parameters/environments: the environment file", *_tree(found)]
    services = dict.fromkeys(parts_of(one.place)[1] for one in found if one.place.startswith("services."))
    if services:
        lines += ["", "# the Compose file on the server: both must agree, 10 Preflight compares them", "services:"]
    wanted = {one.place: one.proposed for one in found}
    for name in services:
        service = environment.services[name]
        cpus = wanted.get(f"services.{name}.cpus", f"{service.cpus:g}" if service.cpus else "")
        memory = wanted.get(f"services.{name}.memory", service.memory or "")
        # Compose writes M and G for the same powers of 1024
        limits = [f'cpus: "{cpus}"'] * bool(cpus) + [f"memory: {memory.removesuffix('B')}"] * bool(memory)
        for container in service.containers(name):
            lines += [f"  {container}:", f"    deploy: {{resources: {{limits: {{{', '.join(limits)}}}}}}}"]
    return "\n".join(lines) + "\n"


def _tree(found: Sequence[Proposal]) -> list[str]:
    tree: dict[str, Any] = {}
    for one in found:
        *folders, last = parts_of(one.place)
        here = tree
        for folder in folders:
            here = here.setdefault(folder, {})
        here[last] = f"{one.proposed}  # {one.present} now: {one.why}"
    return _lines(tree, 0)


def _lines(tree: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for name, value in tree.items():
        indent = "  " * depth
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_lines(value, depth + 1)]
        else:
            lines.append(f"{indent}{name}: {value}")
    return lines
