"""Every change of an answer is kept."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("readiness", "0002_remarks_of_reviewers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AnswerChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("practice", models.CharField(max_length=20)),
                ("version", models.PositiveIntegerField()),
                ("from_level", models.PositiveSmallIntegerField(null=True)),
                ("from_note", models.TextField(blank=True)),
                ("from_reason", models.CharField(blank=True, max_length=500)),
                ("from_until", models.DateField(null=True)),
                ("to_level", models.PositiveSmallIntegerField(null=True)),
                ("to_note", models.TextField(blank=True)),
                ("to_reason", models.CharField(blank=True, max_length=500)),
                ("to_until", models.DateField(null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="readiness.assessment"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "restores",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="readiness.answerchange",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of an answer",
                "verbose_name_plural": "changes of answers",
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["assessment", "practice", "-id"], name="answer_change_newest_first")],
            },
        ),
    ]
