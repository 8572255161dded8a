"""The demo fleet as sites and nodes, from the file that the demo servers are run from."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from inference_kpis.alerts.models import AlertRule, Channel
from inference_kpis.fleet.models import Node, Site
from inference_kpis.probes.models import Probe
from inference_kpis.probes.requests import origin
from inference_kpis.pull.schedule import schedule_node

PULL_INTERVAL_SECONDS = 5
PULL_TIMEOUT_SECONDS = 4
# The nodes that are probed, and the one far away that is asked the same.
PROBED, CENTRAL = ("lyon-01", "lyon-02"), "dublin-01"


def load_fleet(fleet_file: Path, now: datetime) -> dict[str, Site]:
    """Register the sites and nodes of the file, or bring their addresses up to date; the sites by key."""
    plan: dict[str, Any] = json.loads(fleet_file.read_text())
    sites = {}
    for entry in plan["sites"]:
        values = {"name": entry["name"], "region": entry["region"], "tier": entry["tier"], "is_demo": True}
        sites[entry["key"]], _ = Site.objects.update_or_create(key=entry["key"], defaults=values)
    for entry in plan["nodes"]:
        node, _ = Node.objects.update_or_create(
            name=entry["name"],
            defaults={
                "site": sites[entry["site"]],
                "engine": entry["engine"],
                "url": entry["url"],
                "price_per_hour": entry.get("price_per_hour"),
                "power_watts": entry.get("power_watts"),
                "pull_interval_seconds": PULL_INTERVAL_SECONDS,
                "pull_timeout_seconds": PULL_TIMEOUT_SECONDS,
                "is_demo": True,
            },
        )
        schedule_node(node, now)
    return sites


def load_probes(now: datetime) -> None:
    """Probes of the edge and of what stands for its central counterpart, once; their addresses follow the plan."""
    central = origin(Node.objects.get(name=CENTRAL).url)
    if not Probe.objects.filter(is_demo=True).exists():
        for name in PROBED:
            Probe.objects.create(
                name=f"Demo · {name}",
                node=Node.objects.get(name=name),
                model_name="hugo-small",
                central_url=central,
                max_tokens=8,
                interval_seconds=PULL_INTERVAL_SECONDS,
                timeout_seconds=PULL_TIMEOUT_SECONDS,
                next_run_at=now,
                is_demo=True,
            )
    Probe.objects.filter(is_demo=True).exclude(central_url="").update(central_url=central)


def load_alerts(sites: dict[str, Site]) -> None:
    """Two rules that tell this application, once: what is there is left as people have changed it."""
    if Channel.objects.filter(is_demo=True).exists():
        return
    channel = Channel.objects.create(name="Demo · Vigie", kind=Channel.Kind.APP, is_demo=True)
    AlertRule.objects.create(
        name="Demo · node down > 30 s",
        kind=AlertRule.Kind.STATE,
        per=AlertRule.Per.NODE,
        bad_state=AlertRule.BadState.DOWN,
        raise_after_seconds=30,
        clear_after_seconds=0,
        severity=AlertRule.Severity.CRITICAL,
        channel=channel,
        is_demo=True,
    )
    # The target of the demo's success metric there, and a tenth less to clear.
    AlertRule.objects.create(
        name="Demo · Frankfurt p95 > 500 ms",
        kind=AlertRule.Kind.KPI,
        scope=AlertRule.Scope.SITE,
        site=sites["frankfurt"],
        kpi="e2e_latency_p95",
        side=AlertRule.Side.ABOVE,
        threshold=500.0,
        clear_threshold=450.0,
        window_seconds=AlertRule.Window.ONE,
        raise_after_seconds=15,
        clear_after_seconds=30,
        channel=channel,
        is_demo=True,
    )
