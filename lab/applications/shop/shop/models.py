"""Who buys, what there is to buy, what was bought; and what the worker writes about it."""

from django.db import models


class User(models.Model):
    email = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "user"


class Product(models.Model):
    title = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    picture = models.CharField(max_length=200, blank=True, default="")


class Order(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    amount = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "Order"


class Report(models.Model):
    orders = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)
