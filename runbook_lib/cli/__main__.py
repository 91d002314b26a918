"""`python -m runbook_lib.cli`: the same as `runbook`."""

from runbook_lib.cli import main

main()
