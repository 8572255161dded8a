"""The tables of alerts: rules and what they raised, silences, channels and the outbox."""

import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inference_kpis", "0004_node_engine_may_be_recognised"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertWatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("evaluated_at", models.DateTimeField(null=True)),
                ("watched_since", models.DateTimeField(null=True)),
                ("version", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("fleet", "Whole fleet"),
                            ("tier", "One tier"),
                            ("site", "One site"),
                            ("engine", "One engine"),
                            ("model", "One model"),
                            ("node", "One node"),
                        ],
                        default="fleet",
                        max_length=6,
                        verbose_name="scope",
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[("device", "Device"), ("edge", "Edge"), ("region", "Region"), ("central", "Central")],
                        max_length=10,
                        verbose_name="tier",
                    ),
                ),
                ("engine", models.CharField(blank=True, max_length=30, verbose_name="engine")),
                ("model", models.CharField(blank=True, max_length=200, verbose_name="model")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("kpi", "A KPI beyond a threshold"),
                            ("absence", "No data of a KPI"),
                            ("state", "Nodes or sites that are down"),
                            ("burn", "An error budget that burns"),
                        ],
                        editable=False,
                        max_length=8,
                    ),
                ),
                (
                    "per",
                    models.CharField(
                        choices=[
                            ("whole", "the scope as a whole"),
                            ("site", "every site of the scope"),
                            ("node", "every node of the scope"),
                        ],
                        default="whole",
                        max_length=5,
                        verbose_name="watched",
                    ),
                ),
                ("kpi", models.CharField(blank=True, max_length=60, verbose_name="KPI")),
                (
                    "side",
                    models.CharField(
                        blank=True,
                        choices=[("above", "above the threshold"), ("below", "below the threshold")],
                        max_length=5,
                        verbose_name="bad is",
                    ),
                ),
                ("threshold", models.FloatField(null=True, verbose_name="threshold")),
                ("clear_threshold", models.FloatField(null=True, verbose_name="clear threshold")),
                (
                    "window_seconds",
                    models.PositiveIntegerField(
                        choices=[(60, "1 minute"), (300, "5 minutes"), (900, "15 minutes"), (3600, "1 hour")],
                        default=300,
                        verbose_name="measured over",
                    ),
                ),
                ("minimum_samples", models.PositiveIntegerField(default=0, verbose_name="samples at least")),
                (
                    "bad_state",
                    models.CharField(
                        blank=True,
                        choices=[("down", "down"), ("silent", "silent"), ("either", "down or silent")],
                        max_length=6,
                        verbose_name="bad state",
                    ),
                ),
                (
                    "indicator",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("success", "requests that succeed"),
                            ("e2e_latency", "requests within an end-to-end latency"),
                            ("time_to_first_token", "requests within a time to first token"),
                        ],
                        max_length=20,
                        verbose_name="objective about",
                    ),
                ),
                (
                    "bound_ms",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0.001)],
                        verbose_name="latency bound (ms)",
                    ),
                ),
                (
                    "objective_percent",
                    models.FloatField(
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(99.999),
                        ],
                        verbose_name="objective (%)",
                    ),
                ),
                (
                    "fast_factor",
                    models.FloatField(
                        default=14.4,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                        verbose_name="fast burn rate",
                    ),
                ),
                (
                    "slow_factor",
                    models.FloatField(
                        default=6.0,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                        verbose_name="slow burn rate",
                    ),
                ),
                (
                    "raise_after_seconds",
                    models.PositiveIntegerField(
                        default=60,
                        validators=[django.core.validators.MaxValueValidator(604800)],
                        verbose_name="for at least (s)",
                    ),
                ),
                (
                    "clear_after_seconds",
                    models.PositiveIntegerField(
                        default=60,
                        validators=[django.core.validators.MaxValueValidator(604800)],
                        verbose_name="resolved after (s)",
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("critical", "Critical"), ("warning", "Warning"), ("info", "Information")],
                        default="warning",
                        max_length=8,
                        verbose_name="severity",
                    ),
                ),
                ("is_on", models.BooleanField(default=True, editable=False)),
                ("is_demo", models.BooleanField(default=False, editable=False, verbose_name="demo")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("retired_at", models.DateTimeField(editable=False, null=True)),
                (
                    "node",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inference_kpis.node",
                        verbose_name="node",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inference_kpis.site",
                        verbose_name="site",
                    ),
                ),
            ],
            options={
                "verbose_name": "alert rule",
                "verbose_name_plural": "alert rules",
                "ordering": ("name", "id"),
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(blank=True, max_length=30)),
                (
                    "phase",
                    models.CharField(
                        choices=[("ok", "Resolved"), ("pending", "Pending"), ("firing", "Firing")],
                        default="ok",
                        max_length=7,
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("good_since", models.DateTimeField(null=True)),
                ("unknown_since", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=0)),
                ("is_told", models.BooleanField(default=False)),
                ("value", models.FloatField(null=True)),
                ("bound", models.CharField(default="exact", max_length=8)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acknowledgement", models.CharField(blank=True, max_length=500)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "node",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="inference_kpis.node",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="inference_kpis.site",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="inference_kpis.alertrule",
                    ),
                ),
            ],
            options={
                "ordering": ("-changed_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("app", "In this application only"),
                            ("email", "E-mail"),
                            ("webhook", "Web hook (JSON, signed)"),
                            ("slack", "Slack"),
                            ("teams", "Microsoft Teams"),
                            ("mattermost", "Mattermost"),
                        ],
                        default="app",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "recipients",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.EmailField(max_length=254),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="recipients",
                    ),
                ),
                ("url_sealed", models.BinaryField(null=True)),
                ("host", models.CharField(blank=True, editable=False, max_length=255)),
                ("secret_sealed", models.BinaryField(null=True)),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("fr", "Français")],
                        default="en",
                        max_length=5,
                        verbose_name="language",
                    ),
                ),
                (
                    "most_per_hour",
                    models.PositiveIntegerField(
                        default=20,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                        verbose_name="messages an hour at most",
                    ),
                ),
                ("is_demo", models.BooleanField(default=False, editable=False, verbose_name="demo")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("retired_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "channel",
                "verbose_name_plural": "channels",
                "ordering": ("name", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at", None)), fields=("name",), name="channel_name_once_in_use"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="alertrule",
            name="channel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rules",
                to="inference_kpis.channel",
                verbose_name="channel",
            ),
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("alerts", "Alerts"), ("summary", "Summary"), ("test", "Test")],
                        default="alerts",
                        max_length=7,
                    ),
                ),
                ("group", models.CharField(blank=True, max_length=30)),
                ("nodes_down", models.PositiveIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sent", "Sent"), ("given_up", "Given up")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("lease", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, max_length=60)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="inference_kpis.channel",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="inference_kpis.site",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("fleet", "Whole fleet"),
                            ("tier", "One tier"),
                            ("site", "One site"),
                            ("engine", "One engine"),
                            ("model", "One model"),
                            ("node", "One node"),
                        ],
                        default="fleet",
                        max_length=6,
                        verbose_name="scope",
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[("device", "Device"), ("edge", "Edge"), ("region", "Region"), ("central", "Central")],
                        max_length=10,
                        verbose_name="tier",
                    ),
                ),
                ("engine", models.CharField(blank=True, max_length=30, verbose_name="engine")),
                ("model", models.CharField(blank=True, max_length=200, verbose_name="model")),
                (
                    "kind",
                    models.CharField(
                        choices=[("silence", "Silence"), ("maintenance", "Maintenance window")],
                        default="silence",
                        editable=False,
                        max_length=11,
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "node",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inference_kpis.node",
                        verbose_name="node",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="inference_kpis.alertrule",
                        verbose_name="only the rule",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inference_kpis.site",
                        verbose_name="site",
                    ),
                ),
            ],
            options={
                "verbose_name": "silence",
                "verbose_name_plural": "silences",
                "ordering": ("-ends_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="AlertEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("fired", "Fired"),
                            ("resolved", "Resolved"),
                            ("closed", "No longer watched"),
                            ("still_firing", "Still firing after a silence"),
                            ("acknowledged", "Acknowledged"),
                        ],
                        max_length=12,
                    ),
                ),
                ("value", models.FloatField(null=True)),
                ("bound", models.CharField(default="exact", max_length=8)),
                ("threshold", models.FloatField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="inference_kpis.alert"
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="events",
                        to="inference_kpis.notification",
                    ),
                ),
                (
                    "silence",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="events",
                        to="inference_kpis.silence",
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-id"),
            },
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["phase", "changed_at"], name="alert_by_phase"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(fields=("rule", "key"), name="alert_once_a_thing"),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("engine", ""), ("model", ""), ("node", None), ("scope", "fleet"), ("site", None), ("tier", "")
                    ),
                    models.Q(
                        ("engine", ""),
                        ("model", ""),
                        ("node", None),
                        ("scope", "tier"),
                        ("site", None),
                        models.Q(("tier", ""), _negated=True),
                    ),
                    models.Q(
                        ("engine", ""),
                        ("model", ""),
                        ("node", None),
                        ("scope", "site"),
                        ("tier", ""),
                        ("site__isnull", False),
                    ),
                    models.Q(
                        ("model", ""),
                        ("node", None),
                        ("scope", "engine"),
                        ("site", None),
                        ("tier", ""),
                        models.Q(("engine", ""), _negated=True),
                    ),
                    models.Q(
                        ("engine", ""),
                        ("node", None),
                        ("scope", "model"),
                        ("site", None),
                        ("tier", ""),
                        models.Q(("model", ""), _negated=True),
                    ),
                    models.Q(
                        ("engine", ""),
                        ("model", ""),
                        ("scope", "node"),
                        ("site", None),
                        ("tier", ""),
                        ("node__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="alert_rule_area_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "kpi"), _negated=True),
                    models.Q(
                        ("clear_threshold__isnull", False),
                        ("threshold__isnull", False),
                        models.Q(("side", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="alert_rule_kpi_has_thresholds",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "kpi"), _negated=True),
                    models.Q(("clear_threshold__lte", models.F("threshold")), ("side", "above")),
                    models.Q(("clear_threshold__gte", models.F("threshold")), ("side", "below")),
                    _connector="OR",
                ),
                name="alert_rule_clears_on_the_good_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "burn"), _negated=True),
                    models.Q(
                        ("objective_percent__gt", 0),
                        ("objective_percent__lt", 100),
                        models.Q(
                            ("indicator", "success"),
                            models.Q(("bound_ms__gt", 0), models.Q(("indicator", ""), _negated=True)),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="alert_rule_burn_has_objective",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(condition=models.Q(("state", "waiting")), fields=["due_at"], name="notification_due"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["channel", "created_at"], name="notification_by_channel"),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("engine", ""), ("model", ""), ("node", None), ("scope", "fleet"), ("site", None), ("tier", "")
                    ),
                    models.Q(
                        ("engine", ""),
                        ("model", ""),
                        ("node", None),
                        ("scope", "tier"),
                        ("site", None),
                        models.Q(("tier", ""), _negated=True),
                    ),
                    models.Q(
                        ("engine", ""),
                        ("model", ""),
                        ("node", None),
                        ("scope", "site"),
                        ("tier", ""),
                        ("site__isnull", False),
                    ),
                    models.Q(
                        ("model", ""),
                        ("node", None),
                        ("scope", "engine"),
                        ("site", None),
                        ("tier", ""),
                        models.Q(("engine", ""), _negated=True),
                    ),
                    models.Q(
                        ("engine", ""),
                        ("node", None),
                        ("scope", "model"),
                        ("site", None),
                        ("tier", ""),
                        models.Q(("model", ""), _negated=True),
                    ),
                    models.Q(
                        ("engine", ""),
                        ("model", ""),
                        ("scope", "node"),
                        ("site", None),
                        ("tier", ""),
                        ("node__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="silence_area_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("starts_at"))), name="silence_ends_later"
            ),
        ),
        migrations.AddIndex(
            model_name="alertevent",
            index=models.Index(fields=["at"], name="alert_event_by_time"),
        ),
    ]
