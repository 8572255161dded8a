"""How each person likes to answer."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("readiness", "0004_history_is_only_added_to"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AnsweringPreference",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "layout",
                    models.CharField(
                        choices=[("practice", "One practice a page"), ("rule", "A whole rule on one page")],
                        default="practice",
                        max_length=10,
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        choices=[("gates", "Gate practices first"), ("all", "All practices in order")],
                        default="gates",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "verbose_name": "preference of answering",
                "verbose_name_plural": "preferences of answering",
                "ordering": ("user",),
            },
        ),
    ]
