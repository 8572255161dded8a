"""Answers that the next assessment takes over from the last approved one, until somebody confirms them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("readiness", "0008_files_and_revisions_of_evidence"),)
    operations = (
        migrations.AddField("answer", "awaits_confirmation", models.BooleanField(default=False, editable=False)),
        migrations.AddField("answer", "worded_in", models.CharField(blank=True, editable=False, max_length=20)),
        migrations.AddField(
            "answer",
            "carried_from",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="readiness.assessment",
            ),
        ),
        migrations.AddField(
            "answerchange",
            "carried_from",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="readiness.assessment",
            ),
        ),
    )
