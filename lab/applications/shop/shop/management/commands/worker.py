"""`manage.py worker`: writes a report a second, for as long as it runs."""

import logging
import signal
import threading

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from shop.models import Order, Report

EVERY_S = 1.0
log = logging.getLogger("shop.worker")


class Command(BaseCommand):
    help = "Write reports until it is stopped."

    def handle(self, *words, **options):
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        while not stop.wait(EVERY_S):
            try:
                made = Report.objects.create(orders=Order.objects.count())
                if made.id % 60 == 0:
                    log.info("report %s: %s orders", made.id, made.orders)
            except DatabaseError as error:
                log.error("no report: %s", str(error).splitlines()[0])
                connection.close()
