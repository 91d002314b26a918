"""The program of the worker process. The interpreter is isolated (-I): nothing comes from a person's own settings.

PYTHONPATH, and a sitecustomize that lies there, are ignored; so the package's own place is added here.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

    from runbook_lib.headless.worker import main

    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
