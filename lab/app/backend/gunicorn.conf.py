"""Four workers as in the plan; their metrics share one folder that every start empties."""

import os
import shutil

os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "/tmp/gw2-metrics")

wsgi_app = "app.main:create_app()"
bind = os.environ.get("BIND", "0.0.0.0:8000")
worker_class = "uvicorn_worker.UvicornWorker"
workers = int(os.environ.setdefault("WEB_CONCURRENCY", "4"))
worker_tmp_dir = "/dev/shm"  # a heartbeat file on a slow disk makes gunicorn kill good workers
timeout = 30
graceful_timeout = 25
keepalive = 75  # longer than nginx keeps idle upstream connections, so nginx is the one who closes
forwarded_allow_ips = "*"  # only nginx reaches this port, and it sets X-Forwarded-* itself: redirects stay on https
accesslog = None
control_socket_disable = True
# one import for all workers: they start in a quarter of the time, and share its memory
preload_app = True
os.makedirs(os.environ["PROMETHEUS_MULTIPROC_DIR"], mode=0o700, exist_ok=True)  # the import makes metrics


def on_starting(server):
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, mode=0o700)
    from app.settings import settings

    settings()  # a missing secret stops the start here, once, and not in every worker again and again


def child_exit(server, worker):
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)
