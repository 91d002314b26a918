"""`manage.py seed`: customers, products with pictures, orders. Running it again adds nothing."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from shop.models import Order, Product, User

PICTURES = 12


class Command(BaseCommand):
    help = "Fill an empty shop."

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=6000)

    @transaction.atomic
    def handle(self, *words, rows, **options):
        if User.objects.exists():
            return
        few = max(rows // 10, 1)
        users = User.objects.bulk_create(User(email=f"customer-{n}@example.com") for n in range(few))
        products = Product.objects.bulk_create(
            Product(title=f"Piece {n}", price=f"{n % 90 + 1}.50", picture=_picture(n) if n < PICTURES else "")
            for n in range(few))
        Order.objects.bulk_create(Order(user=users[n % few], product=products[n * 7 % few], amount=n % 5 + 1)
                                  for n in range(rows))
        self.stdout.write(f"{few} customers, {few} products, {rows} orders, {PICTURES} pictures")


def _picture(number):
    """Write a file such as a user uploads; returns its name, which has a space and a letter outside ASCII."""
    name = f"bild ü {number}.png" if number % 3 == 0 else f"picture-{number}.png"
    body = b"\x89PNG\r\n\x1a\n" + b"".join(hashlib.sha256(f"{number}/{n}".encode()).digest() for n in range(400))
    Path(settings.UPLOADS).mkdir(parents=True, exist_ok=True)
    (Path(settings.UPLOADS) / name).write_bytes(body)
    return name
