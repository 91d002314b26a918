"""How the server listens: with the certificate of the server where there is one."""

import os

bind = "0.0.0.0:8443"
workers = 2
accesslog = "-"
access_log_format = '%(h)s - - %(t)s "%(r)s" %(s)s %(b)s "-" "%(a)s"'
_folder = os.environ.get("CERTIFICATES", "")
if _folder:
    certfile, keyfile = f"{_folder}/fullchain.pem", f"{_folder}/privkey.pem"
