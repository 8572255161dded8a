"""The demo's rules: two, marked, telling nobody outside, and left alone once people have changed them."""

import pytest

from inference_kpis.alerts.models import AlertRule, Channel
from readiness.demo.fleet import load_alerts
from tests.factories import SiteFactory


@pytest.mark.django_db
def test_it_works() -> None:
    sites = {"frankfurt": SiteFactory(key="frankfurt")}
    load_alerts(sites)
    AlertRule.objects.filter(kind="kpi").update(threshold=900.0, name="Ours")
    load_alerts(sites)
    assert set(AlertRule.objects.values_list("kind", "is_demo")) == {("state", True), ("kpi", True)}
    assert AlertRule.objects.get(kind="kpi").name == "Ours"
    assert [(channel.kind, channel.is_demo) for channel in Channel.objects.all()] == [("app", True)]
