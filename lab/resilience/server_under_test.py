"""What an instance shows past all runbooks: who holds it, what it serves, whether its data is whole, what was left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.instance import CHECKOUT, Instance
from lab.processes import output, root
from lab.resilience.flaky_proxy import FlakyProxy

BACKUPS = "/backups/postgres"
LOCK = ("cd {0}/.runbook && for lock in lock jobs.lock; do [ ! -e $lock ] || flock -n $lock true || exit 0; done; "
        "echo free")
# how a supervisor restarts it: asked to end, started again a second later
RESTART_ENGINE = "kill -TERM $(cat /run/keep-dockerd.pid)"
FORGET = ("docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -E '^gw2-(backend|frontend):' "
          "| xargs -n 1 docker image rm 2>/dev/null; true")
COLOURS = "docker ps --filter name=-backend- --filter name=-frontend- --format '{{.Names}}'"
# the disposable containers of runbooks, and those of `compose run`
DISPOSABLE = ("docker ps --all --format '{{.Names}} {{.Label \"com.docker.compose.oneoff\"}} "
              "{{.Label \"com.docker.compose.project\"}}'")
# rows that were there before; what a synthetic user adds has a higher number
MARKS = r"""
SELECT format('SELECT %1$L, coalesce(max(id), 0) FROM %1$I', table_name) FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'id' ORDER BY 1 \gexec
"""


@dataclass(frozen=True)
class Data:
    """Tables as they were at one moment: the highest id, how many rows, and a hash over them."""

    tables: dict[str, tuple[int, int, str]] = field(default_factory=dict)

    def lost_in(self, now: Data) -> list[str]:
        """What is not as it was."""
        return [f"{name}: {was[1]} rows were there, now {now.tables.get(name, (0, 0, ''))[1]} or other contents"
                for name, was in self.tables.items() if now.tables.get(name) != was]


class ServerUnderTest:
    """An instance and a folder for the runs on it; the runbooks reach it through a cable that can be cut."""

    def __init__(self, instance: Instance, folder: Path) -> None:
        self.instance, self.folder = instance, folder
        self.outputs = folder / "runs"
        self.outputs.mkdir(parents=True, exist_ok=True)
        self.proxy = FlakyProxy("127.0.0.1", instance.ports().ssh)
        self.environment = str(self._environment())

    def sh(self, script: str, *, input: str | None = None, timeout_s: float = 120) -> str:
        """The output of a script on the server, as root."""
        return output(self.instance.inside("sh", "-c", script), input=input, timeout_s=timeout_s)

    def lock_is_free(self) -> bool:
        """Neither a run nor a job that outlived its run holds the environment."""
        return self.sh(LOCK.format(CHECKOUT)).strip() == "free"

    def serving(self) -> dict[str, Any]:
        """What users get from /health through nginx; empty when nothing answers."""
        said = self.sh("curl -sk --max-time 20 https://127.0.0.1/health || true")
        try:
            document = json.loads(said)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def answers(self) -> bool:
        """Whether the service is there for its users: backend with all it needs, and the frontend."""
        if self.serving().get("status") != "ok":
            return False
        return "200" in self.sh("curl -sk --max-time 20 -o /dev/null -w '%{http_code}' https://127.0.0.1/ || true")

    def live_colour(self) -> str:
        text = self.sh(f"cat {CHECKOUT}/.runbook/upstreams/active.conf")
        return "blue" if "backend-blue:" in text else "green"

    def live_version(self) -> str:
        """The version of the colour that has the traffic, by the server's own files."""
        name = f"{self.live_colour().upper()}_VERSION="
        lines = self.sh(f"cat {CHECKOUT}/.env").splitlines()
        return next((line.removeprefix(name) for line in lines if line.startswith(name)), "")

    def running_colours(self) -> set[str]:
        return {name.split("-")[-2] for name in self.sh(COLOURS).split()}

    def releases(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.sh(f"cat {CHECKOUT}/.runbook/releases.jsonl").splitlines()]

    def backups(self) -> set[str]:
        """The backups that have their final name."""
        return set(self.sh(f"cd {BACKUPS} && ls | grep '\\.sql\\.gz$' || true").split())

    def leftovers(self) -> list[str]:
        """Half-written files and disposable containers."""
        files = self.sh(f"find {BACKUPS} {CHECKOUT} -name '*.partial' -not -path '*/jobs/*' -o -name '.env.????????' "
                        f"-not -path '*/jobs/*' -o -path {CHECKOUT}/.git/index.lock").split()
        rows = [line.split(" ") for line in self.sh(DISPOSABLE).splitlines()]
        return files + [name for name, once, project in rows if once == "True" or not project]

    def data(self, since: Data | None = None) -> Data:
        """The tables now; with `since`, only the rows that were there then."""
        tops = {name: top for name, (top, _, _) in since.tables.items()} if since else self._tops()
        # without empty columns: a migration may add some
        digest = "coalesce(sum(hashtextextended(jsonb_strip_nulls(to_jsonb(t))::text, 0)), 0)"
        asked = [f"SELECT '{name}', {top}, count(*), {digest} FROM {name} t WHERE id <= {top};"
                 for name, top in tops.items()]
        rows = [line.split("\t") for line in self.sql("\n".join(asked)).splitlines()]
        return Data({name: (int(top), int(count), found) for name, top, count, found in rows})

    def sql(self, text: str) -> str:
        """The rows of a script, tabs between the columns, read by psql in the database's own container."""
        return self.sh("docker exec -i $(docker ps -q --filter label=com.docker.compose.service=postgres) "
                       "psql -XqAt -v ON_ERROR_STOP=1 -F '\t' -U staging_user staging_db", input=text)

    def _tops(self) -> dict[str, int]:
        rows = (line.split("\t") for line in self.sql(MARKS).splitlines())
        return {name: int(top) for name, top in rows}

    def _environment(self) -> Path:
        """The instance's environment with the cable in between, and a short watch."""
        address = self.instance.address
        base = root() / "parameters/environments/lab.yaml" if address.name == "lab" else Path(address.environment)
        key = address.known_hosts.read_text().splitlines()[0].split(maxsplit=1)[1]
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.proxy.port} {key}\n")
        path = self.folder / "environment.yaml"
        path.write_text(yaml.safe_dump({
            "extends": str(base), "name": self.instance.name,
            "server": {"port": self.proxy.port, "known_hosts_file": "./known_hosts"},
            "rollback": {"watch_s": 10, "interval_s": 1},
        }))
        return path
