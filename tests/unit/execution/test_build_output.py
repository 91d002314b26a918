"""What failed in a build, as Docker's builders print it: the legacy one, BuildKit, and Compose, which builds with BuildKit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.plan import StepState
from runbook_lib.execution.actions import failure_message
from runbook_lib.execution.backend import ActionResult
from runbook_lib.execution.build_output import lines_of_failed_build

LEGACY = """Step 2/3 : RUN echo fine
 ---> Running in 4ddfdfe101d7
fine
Removing intermediate container 4ddfdfe101d7
 ---> 1b62d112cbb8
Step 3/3 : RUN pip install -r requirements.txt
 ---> Running in 0894da5806b5
Collecting uvloop==0.23.0
\x1b[91mERROR: No matching distribution found for nosuchpackage==9.9
\x1b[0mworking
Removing intermediate container 0894da5806b5
The command '/bin/sh -c pip install -r requirements.txt' returned a non-zero code: 1
"""
BUILDKIT = """#6 0.647 ERROR: no matching thing
#6 ERROR: executor failed running [/bin/sh -c echo working; exit 7]: exit code: 7
------
 > [web 3/3] RUN echo working; exit 7:
0.646 working
0.647 ERROR: no matching thing
0.700 and more
------
failed to solve: executor failed running [/bin/sh -c echo working; exit 7]: exit code: 7
"""
DOCKER = """#9 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1
------
 > [4/6] RUN npm ci:
1.522 npm ERR! code E404
1.530 npm ERR! 404 Not Found - GET https://registry.invalid/nosuch - Not found
1.531 npm ERR!
1.540 npm ERR! A complete log of this run can be found in: /root/.npm/_logs/debug-0.log
------
Dockerfile:7
--------------------
   5 |     COPY package.json package-lock.json ./
   7 | >>> RUN npm ci
--------------------
ERROR: failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1
"""
# Compose from 2.37 on: each line with an empty one behind it, and a link of Docker Desktop's at the end
BAKE = DOCKER.replace("4/6] RUN npm ci", "api 4/6] RUN npm ci || exit 1; echo error").replace("ERROR: failed", "target api: failed").replace(
    "\n", "\n\n") + "View build details: docker-desktop://dashboard/build/default/default/0a1b\n"
NO_IMAGE = """------
 > [internal] load metadata for docker.io/library/python:3.13-slim:
------
ERROR: failed to solve: python:3.13-slim: failed to resolve source metadata for docker.io/library/python:3.13-slim: no such host
"""
SILENT = LEGACY.replace("Collecting uvloop==0.23.0\n", "").replace("\x1b[91mERROR: No matching distribution found for nosuchpackage==9.9\n", "").replace(
    "\x1b[0mworking\n", "")


def test_compose_shows_the_steps_on_its_other_stream() -> None:
    *progress, error = BUILDKIT.splitlines()
    result = ActionResult(StepState.FAILED, exit_code=17, stdout="\n".join(progress), stderr=error)
    assert failure_message(result) == "exit code 17: ERROR: no matching thing"
    assert failure_message(replace(result, stderr="no space left")) == "exit code 17: no space left"


@pytest.mark.parametrize(("printed", "last"), [
    (LEGACY, "ERROR: No matching distribution found for nosuchpackage==9.9"),
    (BUILDKIT, "ERROR: no matching thing"),
    (DOCKER, "npm ERR! 404 Not Found - GET https://registry.invalid/nosuch - Not found"),
    (BAKE, "npm ERR! 404 Not Found - GET https://registry.invalid/nosuch - Not found"),
    (BAKE.replace("npm ERR", "npm").replace("Not", ""), "npm! A complete log of this run can be found in: /root/.npm/_logs/debug-0.log"),
    (LEGACY.replace("ERROR: No", "No").replace("No matching distribution found for nosuchpackage==9.9", "make: *** [all] 2"), "working"),
    (NO_IMAGE, NO_IMAGE.splitlines()[-1]),
    (f"{NO_IMAGE}View build details: docker-desktop://dashboard/build/default/default/0a1b\n", NO_IMAGE.splitlines()[-1]),
    (SILENT, SILENT.splitlines()[-1]),
    ("one\ntwo\n", "two"),
], ids=["legacy", "compose", "buildkit, npm", "bake", "bake, no line names it", "no line names it", "no image", "no image, and a link", "a command that prints nothing", "no build"])
def test_a_failed_build_is_named_by_what_its_command_printed(printed: str, last: str) -> None:
    assert lines_of_failed_build(printed.splitlines())[-1] == last
    assert failure_message(ActionResult(StepState.FAILED, exit_code=1, stderr=printed)) == f"exit code 1: {last}"
