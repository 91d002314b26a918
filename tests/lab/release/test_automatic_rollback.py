"""A release that passes its gates and falls under its users: traffic is switched back automatically, and the report shows it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from lab.resilience.runner import start_run
from tests.lab.conftest import Lab

LIVE = "docker exec gw2-staging-nginx-1 cat /etc/nginx/upstreams/active.conf"


def serving(lab: Lab) -> tuple[str, str]:
    """Version and commit of the release that answers through nginx."""
    said = lab.serving()
    return said["version"], said["commit"]


@pytest.mark.slow
def test_a_release_whose_backend_dies_after_the_switch_is_rolled_back_by_itself(lab: Lab, outputs: Path) -> None:
    before = serving(lab)
    other = lab.other_release()
    idle = "green" if "backend-blue" in lab.on_server("sh", "-c", LIVE) else "blue"
    with start_run(lab.name, lab.environment, outputs, "20_deploy", {"ref": other, "watch_s": "60"}, "tests") as run:
        run.until("probe")
        lab.on_server("docker", "kill", f"gw2-staging-backend-{idle}-1")
        ended = run.wait()
    assert ended.code == 5, ended.output
    assert serving(lab) == before
    trigger = next(event for event in ended.events if event["event"] == "trigger")
    assert trigger["trigger"] in ("Critical service unavailable", "Deployment health check failures")
    moments = [datetime.fromisoformat(trigger[name]) for name in ("switched_at", "fired_at", "switched_back_at", "recovered_at")]
    assert moments == sorted(moments)
    # the release's files come back before what reads them
    assert "switch" in ended.undone and ended.undone.index("configure") < ended.undone.index("switch") and ended.states["watch"] == "failed"
    assert ended.folder is not None
    report = (ended.folder / "report.html").read_text()
    assert report.index("Rolled back: ") < report.index("Watch the release under load: failed")
    assert list((ended.folder / "charts").glob("*.svg"))
    left = lab.on_server("docker", "ps", "--format", "{{.Names}}").split()
    assert f"gw2-staging-backend-{idle}-1" not in left, "the fallen colour was taken away"
