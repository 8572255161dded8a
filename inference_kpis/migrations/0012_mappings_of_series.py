import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("inference_kpis", "0011_pulltls_certificates_of_nodes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SeriesMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="name")),
                ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
            ],
            options={"verbose_name": "mapping", "verbose_name_plural": "mappings", "ordering": ("name",)},
        ),
        migrations.CreateModel(
            name="SeriesMappingVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("saved_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "mapping",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="inference_kpis.seriesmapping",
                    ),
                ),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ("mapping", "-number")},
        ),
        migrations.AddConstraint(
            model_name="seriesmappingversion",
            constraint=models.UniqueConstraint(fields=("mapping", "number"), name="series_mapping_version_once"),
        ),
        migrations.CreateModel(
            name="NodeMapping",
            fields=[
                (
                    "node",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="node_mapping",
                        serialize=False,
                        to="inference_kpis.node",
                    ),
                ),
                (
                    "mapping",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="nodes",
                        to="inference_kpis.seriesmapping",
                    ),
                ),
            ],
            options={"ordering": ("node",)},
        ),
    ]
