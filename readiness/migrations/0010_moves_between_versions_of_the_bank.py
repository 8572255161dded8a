"""Moves of assessments to another version of the bank, kept so that they can be taken back."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (
        ("readiness", "0009_answers_carried_over"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )
    operations = (
        migrations.CreateModel(
            name="BankMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_version", models.CharField(max_length=20)),
                ("to_version", models.CharField(max_length=20)),
                ("set_waiting", models.JSONField(default=list)),
                ("last_change", models.PositiveBigIntegerField(default=0)),
                ("moved_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bank_moves",
                        to="readiness.assessment",
                    ),
                ),
                (
                    "moved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "move to another version of the bank",
                "verbose_name_plural": "moves to another version of the bank",
                "ordering": ("assessment", "-id"),
            },
        ),
    )
