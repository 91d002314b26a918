"""The program of the worker process. The interpreter is isolated (-I): nothing comes from a person's own settings.

PYTHONPATH, and with it somebody's sitecustomize, is not looked at, so the package's own place is named here.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

    from runbook_lib.headless.worker import main

    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
