"""Whether the server in this container answers, for its health check: without Django, which takes a second to load."""

import os
import ssl
import sys
import urllib.request

scheme = "https" if os.environ.get("CERTIFICATES") else "http"
try:
    # its name is not in its own certificate here
    urllib.request.urlopen(f"{scheme}://127.0.0.1:8443/status/", timeout=5, context=ssl._create_unverified_context())
except OSError as error:
    sys.exit(str(error))
