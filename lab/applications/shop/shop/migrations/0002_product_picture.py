"""Products have pictures, which users upload."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddField("product", "picture", models.CharField(blank=True, default="", max_length=200))]
