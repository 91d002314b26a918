"""Grafana's files are what the code says, byte for byte, and what Grafana can show."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.dashboards import __main__ as command
from lab.dashboards import building

ROOT = Path(__file__).parents[4]
STAGING = ROOT / "staging"
# bookmarks, links in messages and the API know a dashboard by its uid
UIDS = {"overview": "gw2-staging", "backend": "gw2-backend", "data": "gw2-data", "host": "gw2-host", "proxy": "gw2-proxy",
        "runs": "gw2-runs"}
COMPOSE = yaml.safe_load((STAGING / "docker-compose.staging.yml").read_text())
GRAFANA = COMPOSE["services"]["grafana"]
MOUNT = next(one.split(":")[1] for one in GRAFANA["volumes"] if one.startswith("./grafana:"))


def board(name: str) -> dict[str, Any]:
    return dict(json.loads((STAGING / f"grafana/dashboards/{name}.json").read_text()))


def test_the_files_are_fresh() -> None:
    there = {path.name: path.read_text() for path in (STAGING / "grafana/dashboards").iterdir()}
    assert building.written() == there, "run: python -m lab.dashboards"


def test_the_command_writes_what_differs_and_removes_what_was_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / command.FOLDER
    shutil.copytree(STAGING / "grafana/dashboards", folder)
    monkeypatch.setattr(command, "root", lambda: tmp_path)
    assert command.main(["--check"]) == 0
    (folder / "host.json").write_text("{}\n")
    (folder / "earlier.json").write_text("{}\n")
    assert command.main(["--check"]) == 1
    assert capsys.readouterr().out.split() == [f"{command.FOLDER}/earlier.json", f"{command.FOLDER}/host.json"]
    assert (folder / "host.json").read_text() == "{}\n", "only compared"
    assert command.main([]) == 0
    assert not (folder / "earlier.json").exists()
    assert command.main(["--check"]) == 0
    assert command.main(["--chek"]) == 2


def test_uids_are_unique_and_never_change() -> None:
    assert {one.name: one.uid for one in building.dashboards()} == UIDS
    assert {name: board(name)["uid"] for name in UIDS} == UIDS
    titles = [board(name)["title"] for name in UIDS]
    assert len(set(titles)) == len(titles)


def test_the_schema_is_that_of_the_pinned_version() -> None:
    """10.1, which the SDK's plain name installs, writes 36; Grafana 12 and later read 41 as they read their own."""
    assert {board(name)["schemaVersion"] for name in UIDS} == {41}


@pytest.mark.parametrize("name", UIDS)
def test_panels_lie_within_the_grid_and_not_on_one_another(name: str) -> None:
    places = [panel["gridPos"] for panel in board(name)["panels"]]
    for place in places:
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
        assert place["w"] > 0
        assert place["h"] > 0
    for one, other in itertools.combinations(places, 2):
        apart = (one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
                 or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])
        assert apart, (one, other)
    for y in {place["y"] for place in places}:
        assert sum(place["w"] for place in places if place["y"] == y) == 24, "a row has no hole"


@pytest.mark.parametrize("name", UIDS)
def test_every_panel_says_what_it_shows_and_in_which_unit(name: str) -> None:
    panels = board(name)["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in {"short", "reqps", "ops", "cps", "s", "percent", "bytes"}
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH")[:len(panel["targets"])]
        assert panel["targets"]
        assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])
    assert board(name)["timezone"] == "utc"
    assert board(name)["editable"] is False


@pytest.mark.parametrize("name", UIDS)
def test_data_comes_from_the_chosen_source_which_is_the_provisioned_one_at_first(name: str) -> None:
    dashboard = board(name)
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    (source,) = yaml.safe_load((STAGING / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert variables["datasource"]["current"]["value"] == source["uid"]
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", source["type"])
    used = [*dashboard["panels"], *dashboard["annotations"]["list"],
            *(target for panel in dashboard["panels"] for target in panel["targets"])]
    assert {json.dumps(one["datasource"]) for one in used} == {'{"type": "prometheus", "uid": "${datasource}"}'}


def test_provisioning_leads_grafana_to_its_data_source_and_to_the_dashboards() -> None:
    (provider,) = yaml.safe_load((STAGING / "grafana/provisioning/dashboards/files.yml").read_text())["providers"]
    assert provider["options"]["path"] == f"{MOUNT}/dashboards"
    assert GRAFANA["environment"]["GF_PATHS_PROVISIONING"] == f"{MOUNT}/provisioning"
    (source,) = yaml.safe_load((STAGING / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert set(GRAFANA["networks"]) & set(COMPOSE["services"]["prometheus"]["networks"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on this machine; tests/lab asks Prometheus itself")
def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    expressions = [target["expr"].replace("$__rate_interval", "1m")
                   for name in UIDS for panel in board(name)["panels"] for target in panel["targets"]]
    assert len(expressions) > 60
    rules = [{"record": f"dashboard:query{number}", "expr": one} for number, one in enumerate(expressions)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    checked = subprocess.run(["promtool", "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
