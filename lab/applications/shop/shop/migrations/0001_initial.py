"""The first schema."""

import django.db.models.deletion
from django.db import migrations, models

KEY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("User", [
            ("id", KEY), ("email", models.CharField(max_length=200, unique=True)),
            ("since", models.DateTimeField(auto_now_add=True)),
        ], options={"db_table": "user"}),
        migrations.CreateModel("Product", [
            ("id", KEY), ("title", models.CharField(max_length=200)),
            ("price", models.DecimalField(decimal_places=2, max_digits=8)),
        ]),
        migrations.CreateModel("Order", [
            ("id", KEY), ("amount", models.PositiveIntegerField(default=1)),
            ("at", models.DateTimeField(auto_now_add=True)),
            ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="shop.user")),
            ("product", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="shop.product")),
        ], options={"db_table": "Order"}),
        migrations.CreateModel("Report", [
            ("id", KEY), ("orders", models.BigIntegerField()), ("at", models.DateTimeField(auto_now_add=True)),
        ]),
    ]
