"""`manage.py ask`: whether the server next to it answers, for the health check."""

import os
import ssl
import sys
import urllib.request

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Ask the running server whether it is open."

    def handle(self, *words, **options):
        scheme = "https" if os.environ.get("CERTIFICATES") else "http"
        try:
            # its name is not in its own certificate here
            urllib.request.urlopen(f"{scheme}://127.0.0.1:8443/status/", timeout=5,
                                   context=ssl._create_unverified_context())
        except OSError as error:
            sys.exit(str(error))
