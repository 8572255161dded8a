import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inference_kpis", "0022_rollups_hours_and_days_in_parts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Probe",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="name")),
                ("region", models.CharField(blank=True, max_length=60, verbose_name="sent from")),
                (
                    "kind",
                    models.CharField(
                        choices=[("chat", "OpenAI-compatible chat, streamed"), ("http", "Plain HTTP")],
                        default="chat",
                        max_length=4,
                        verbose_name="kind",
                    ),
                ),
                ("url", models.URLField(blank=True, max_length=500, verbose_name="URL")),
                ("credential_sealed", models.BinaryField(null=True)),
                (
                    "central_url",
                    models.URLField(blank=True, max_length=500, verbose_name="URL of the central counterpart"),
                ),
                ("central_credential_sealed", models.BinaryField(null=True)),
                ("model_name", models.CharField(blank=True, max_length=200, verbose_name="model")),
                ("prompt", models.TextField(blank=True, default="Say yes.", max_length=2000, verbose_name="prompt")),
                (
                    "max_tokens",
                    models.PositiveIntegerField(
                        default=16,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(256),
                        ],
                        verbose_name="most tokens",
                    ),
                ),
                (
                    "interval_seconds",
                    models.PositiveIntegerField(
                        default=60,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(3600),
                        ],
                        verbose_name="interval (s)",
                    ),
                ),
                (
                    "timeout_seconds",
                    models.PositiveIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(20),
                        ],
                        verbose_name="time-out (s)",
                    ),
                ),
                ("is_paused", models.BooleanField(default=False, editable=False)),
                ("is_demo", models.BooleanField(default=False, editable=False, verbose_name="demo")),
                ("next_run_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False)),
                ("lease", models.BigIntegerField(default=0, editable=False)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("ran_at", models.DateTimeField(editable=False, null=True)),
                ("runs", models.JSONField(default=list, editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="probes",
                        to="inference_kpis.node",
                        verbose_name="node",
                    ),
                ),
            ],
            options={
                "verbose_name": "probe",
                "verbose_name_plural": "probes",
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("node", "model_name"),
                        name="probe_once_per_node_and_model",
                        violation_error_message="This node and model have a probe already: two would count as one.",
                    )
                ],
            },
        ),
    ]
