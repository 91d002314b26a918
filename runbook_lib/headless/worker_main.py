"""The program of the worker process. The interpreter is isolated (-I): nothing comes from a person's own settings.

PYTHONPATH, and a sitecustomize that lies there, are ignored; so the package's own place is added here.
"""

import gc
import sys
from pathlib import Path

# objects that were made and not freed, until cycles among them are looked for; then how often the older ones too. The
# usual 700 and 10 read all of a library's functions again and again while it is imported: an eighth of a short run.
RARELY = (50_000, 20, 50)

if __name__ == "__main__":
    gc.set_threshold(*RARELY)
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

    from runbook_lib.headless.worker import main

    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
