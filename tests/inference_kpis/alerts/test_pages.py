"""The pages of alerts: what they say, what they save, and what they refuse."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import AuditEvent, Role, User
from inference_kpis.alerts.evaluation import evaluate_rules
from inference_kpis.alerts.models import Alert, AlertEvent, AlertRule, Channel, Notification, Silence
from inference_kpis.fleet.models import Node
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, SiteFactory, UserFactory, scheduled
from tests.inference_kpis.alerts.makers import channel, enter, kpi_rule, measured, nodes_up, state_rule, watch
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import START, at, pull

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A test that asked for a French page leaves French behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def operator(client: Client) -> User:
    person = UserFactory(role=Role.OPERATOR, name="Tomas")
    client.force_login(person)
    return person


@pytest.fixture
def alert(operator: User) -> Alert:
    """A node that is down fires."""
    state_rule()
    (node,) = nodes_up()
    enter(node, Node.State.DOWN, 0)
    watch(30)
    return Alert.objects.get()


def page(client: Client, name: str, *arguments: Any, **data: Any) -> str:
    response = client.get(reverse(f"kpis:{name}", args=arguments), data)
    assert response.status_code == 200
    return str(response.content.decode())


class TestAlertList:
    def test_it_works(self, client: Client, alert: Alert) -> None:
        text = page(client, "alert_list")
        assert "<h1>1 alert firing</h1>" in text
        assert f"Node down · {alert.node}" in text

    def test_without_a_rule_it_says_what_to_do_next(self, client: Client, operator: User) -> None:
        text = page(client, "alert_list")
        assert "No rule yet" in text
        assert reverse("kpis:alert_rule_list") in text

    def test_all_quiet(self, client: Client, operator: User) -> None:
        state_rule()
        assert "All quiet" in page(client, "alert_list")

    def test_what_ended_stays_for_a_day(self, client: Client, alert: Alert) -> None:
        AlertEvent.objects.create(alert=alert, at=timezone.now(), kind="resolved")
        Alert.objects.update(phase="ok", since=None)
        assert "Ended in the last 24 hours" in page(client, "alert_list")

    def test_a_poll_gets_nothing_while_nothing_changed(self, client: Client, alert: Alert) -> None:
        url = reverse("kpis:alert_list")
        version = client.get(url).context["version"]
        htmx = {"HTTP_HX_REQUEST": "true"}
        assert client.get(url, {"v": version}, **htmx).status_code == 204
        enter(Node.objects.get(), Node.State.UP, 40)
        watch(45, start=45)
        changed = client.get(url, {"v": version}, **htmx)
        assert (changed.status_code, b"<html" in changed.content) == (200, False)

    def test_one_row_costs_the_queries_of_twenty(self, client: Client, operator: User) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                page(client, "alert_list")
            return len(captured)

        state_rule(raise_after_seconds=0)
        enter(nodes_up()[0], Node.State.DOWN, 0)
        evaluate_rules(at(0))
        page(client, "alert_list")
        one = queries()
        for node in nodes_up(19):
            enter(node, Node.State.DOWN, 0)
        evaluate_rules(at(5))
        assert "20 alerts firing" in page(client, "alert_list")
        assert queries() == one


class TestAlertDetail:
    def test_it_works(self, client: Client, alert: Alert) -> None:
        text = page(client, "alert_detail", alert.pk)
        assert "Fired" in text
        assert "Message: Waiting" in text

    def test_acknowledging_says_who_and_why(self, client: Client, alert: Alert) -> None:
        response = client.post(reverse("kpis:alert_acknowledge", args=[alert.pk]), {"note": "Fan replaced today"})
        assert response.status_code == 302
        text = page(client, "alert_detail", alert.pk)
        assert "Tomas" in text
        assert "Fan replaced today" in text
        assert AuditEvent.objects.filter(verb="alert.acknowledge").count() == 1

    def test_an_acknowledgement_needs_a_note(self, client: Client, alert: Alert) -> None:
        client.post(reverse("kpis:alert_acknowledge", args=[alert.pk]), {"note": ""})
        alert.refresh_from_db()
        assert alert.acknowledged_at is None

    def test_it_lasts_until_the_alert_ends(self, client: Client, alert: Alert) -> None:
        client.post(reverse("kpis:alert_acknowledge", args=[alert.pk]), {"note": "On it"})
        enter(Node.objects.get(), Node.State.SILENT, 40)
        watch(50, start=45)
        alert.refresh_from_db()
        assert alert.acknowledgement == "On it"
        enter(Node.objects.get(), Node.State.UP, 60)
        watch(65, start=65)
        alert.refresh_from_db()
        assert (alert.phase, alert.acknowledged_at, alert.acknowledgement) == ("ok", None, "")

    def test_what_has_ended_cannot_be_acknowledged(self, client: Client, alert: Alert) -> None:
        Alert.objects.update(phase="ok")
        client.post(reverse("kpis:alert_acknowledge", args=[alert.pk]), {"note": "late"})
        assert not AlertEvent.objects.filter(kind="acknowledged").exists()


KPI_FORM = {
    "name": "Slow in Lyon",
    "kpi": "e2e_latency_p95",
    "side": "above",
    "threshold": "500",
    "clear_threshold": "450",
    "window_seconds": "60",
    "minimum_samples": "0",
    "scope": "fleet",
    "per": "whole",
    "raise_after_seconds": "0",
    "clear_after_seconds": "0",
    "severity": "critical",
}
BURN_FORM = {
    "name": "Budget",
    "indicator": "e2e_latency",
    "objective_percent": "99.9",
    "bound_ms": "300",
    "fast_factor": "14.4",
    "slow_factor": "6",
    "minimum_samples": "100",
    **{key: KPI_FORM[key] for key in ("scope", "per", "raise_after_seconds", "clear_after_seconds", "severity")},
}


class TestRules:
    @pytest.fixture
    def form(self, operator: User) -> dict[str, Any]:
        return {**KPI_FORM, "channel": channel().pk}

    @staticmethod
    def add(client: Client, data: dict[str, Any], kind: str = "kpi") -> Any:
        return client.post(reverse("kpis:alert_rule_add", args=[kind]), data)

    def test_it_works(self, client: Client, form: dict[str, Any]) -> None:
        assert self.add(client, form).status_code == 302
        rule = AlertRule.objects.get()
        assert (rule.kind, rule.threshold, rule.clear_threshold, rule.severity) == ("kpi", 500.0, 450.0, "critical")
        assert AuditEvent.objects.get(verb="alert_rule.add").subject == "Slow in Lyon"
        assert "Slow in Lyon" in page(client, "alert_rule_list")
        assert "It has not fired yet" in page(client, "alert_rule_detail", rule.pk)

    @pytest.mark.parametrize("kind", AlertRule.Kind.values)
    def test_each_kind_has_its_form(self, client: Client, form: dict[str, Any], kind: str) -> None:
        assert "Show what it would have done" in page(client, "alert_rule_add", kind)

    def test_another_kind_there_is_not(self, client: Client, operator: User) -> None:
        assert client.get(reverse("kpis:alert_rule_add", args=["mood"])).status_code == 404

    def test_the_clear_threshold_is_the_threshold_unless_given(self, client: Client, form: dict[str, Any]) -> None:
        self.add(client, {**form, "clear_threshold": ""})
        assert AlertRule.objects.get().clear_threshold == 500.0

    def test_french_decimals_are_understood(self, client: Client, form: dict[str, Any]) -> None:
        url = reverse("kpis:alert_rule_add", args=["kpi"]).replace("/en/", "/fr/")
        client.post(url, {**form, "threshold": "99,5", "clear_threshold": "99,5"})
        assert AlertRule.objects.get().threshold == 99.5

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"threshold": ""}, "threshold"),
            ({"threshold": "nan"}, "threshold"),
            ({"clear_threshold": "600"}, "clear_threshold"),
            ({"side": "below", "clear_threshold": "400"}, "clear_threshold"),
            ({"scope": "tier"}, "tier"),
            ({"scope": "site"}, "site"),
            ({"scope": "engine"}, "engine"),
            ({"scope": "model"}, "model"),
            ({"scope": "node"}, "node_name"),
            ({"scope": "node", "node_name": "nowhere-99"}, "node_name"),
            ({"scope": "node", "node_name": "a\0b"}, "node_name"),
            ({"kpi": "mood"}, "kpi"),
            ({"raise_after_seconds": "-1"}, "raise_after_seconds"),
            ({"raise_after_seconds": "99999999"}, "raise_after_seconds"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_saved(
        self, client: Client, form: dict[str, Any], wrong: dict[str, str], field: str
    ) -> None:
        response = self.add(client, {**form, **wrong})
        assert field in response.context["form"].errors
        assert not AlertRule.objects.exists()

    def test_nodes_are_not_counted_by_model(self, client: Client, form: dict[str, Any]) -> None:
        node = NodeFactory()
        scheduled(node, START)
        measured(node, [0, 10])
        response = self.add(client, {**form, "scope": "model", "model": "m", "per": "node"})
        assert "scope" in response.context["form"].errors

    def test_a_rule_about_one_node_names_it(self, client: Client, form: dict[str, Any]) -> None:
        node = NodeFactory(name="lyon-03")
        self.add(client, {**form, "scope": "node", "node_name": "lyon-03"})
        rule = AlertRule.objects.get()
        assert (rule.node, rule.per) == (node, "node")

    def test_a_latency_objective_needs_a_bound_of_the_histogram(self, client: Client, form: dict[str, Any]) -> None:
        node = NodeFactory()
        now = timezone.now()
        scheduled(node, START)
        for step in range(3):
            pull({node: vllm(100 * step)}, (now - at(0)).total_seconds() - 60 + 15 * step)
        roll_up_touched(now)
        data = {**BURN_FORM, "channel": channel().pk}
        refused = self.add(client, {**data, "bound_ms": "400"}, "burn")
        assert "300 · 1000" in str(refused.context["form"].errors["bound_ms"])
        assert self.add(client, data, "burn").status_code == 302

    def test_changing_switching_and_retiring(self, client: Client, form: dict[str, Any]) -> None:
        self.add(client, form)
        rule = AlertRule.objects.get()
        client.post(reverse("kpis:alert_rule_edit", args=[rule.pk]), {**form, "threshold": "700"})
        client.post(reverse("kpis:alert_rule_switch", args=[rule.pk]))
        rule.refresh_from_db()
        assert (rule.threshold, rule.is_on) == (700.0, False)
        client.post(reverse("kpis:alert_rule_retire", args=[rule.pk]))
        assert "retired" in page(client, "alert_rule_detail", rule.pk)
        assert client.get(reverse("kpis:alert_rule_edit", args=[rule.pk])).status_code == 404
        verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
        assert list(verbs) == ["alert_rule.add", "alert_rule.change", "alert_rule.switch_off", "alert_rule.retire"]


class TestPreview:
    @pytest.fixture
    def node(self, operator: User) -> Node:
        """Half an hour ago, ten minutes of slow requests."""
        node = NodeFactory()
        scheduled(node, START)
        ago = (timezone.now() - at(0)).total_seconds() - 40 * 60
        for step in range(40):
            pull({node: vllm(100 * step)}, ago + 15 * step)
        roll_up_touched(timezone.now())
        return node

    def test_it_works(self, client: Client, node: Node) -> None:
        """Without JavaScript the button shows the preview and saves nothing."""
        data = {**KPI_FORM, "channel": channel().pk, "preview": "1"}
        response = client.post(reverse("kpis:alert_rule_add", args=["kpi"]), data)
        assert "it would have fired 1 time" in response.content.decode()
        assert "<h1>" in response.content.decode()
        assert not AlertRule.objects.exists()

    def test_while_typing_only_the_preview_comes(self, client: Client, node: Node) -> None:
        data = {**KPI_FORM, "channel": channel().pk, "preview": "1"}
        response = client.post(reverse("kpis:alert_rule_add", args=["kpi"]), data, HTTP_HX_REQUEST="true")
        assert "it would have fired 1 time" in response.content.decode()
        assert "<h1>" not in response.content.decode()

    @pytest.mark.parametrize(("threshold", "fired"), [("500", 1), ("900", 1), ("5000", 0)])
    def test_it_depends_on_the_threshold(self, client: Client, node: Node, threshold: str, fired: int) -> None:
        data = {**KPI_FORM, "threshold": threshold, "channel": channel().pk, "preview": "1"}
        response = client.post(reverse("kpis:alert_rule_add", args=["kpi"]), data)
        assert response.context["preview"].fired == fired

    def test_silence_after_it_does_not_end_it(self, client: Client, node: Node) -> None:
        """No reading since: what would have fired still would."""
        data = {**KPI_FORM, "channel": channel().pk, "preview": "1"}
        preview = client.post(reverse("kpis:alert_rule_add", args=["kpi"]), data).context["preview"]
        assert [spell.end for line in preview.lines for spell in line.spells] == [None]

    @pytest.mark.parametrize("per", ["whole", "site", "node"])
    def test_each_way_to_watch_has_its_preview(self, client: Client, node: Node, per: str) -> None:
        data = {**KPI_FORM, "per": per, "channel": channel().pk, "preview": "1"}
        preview = client.post(reverse("kpis:alert_rule_add", args=["kpi"]), data).context["preview"]
        wanted = {"whole": "Whole fleet", "site": node.site.name, "node": node.name}[per]
        assert [(line.label, len(line.spells)) for line in preview.lines] == [(wanted, 1)]

    @pytest.mark.parametrize(("seconds", "fired"), [(30, 1), (55, 0)])
    def test_an_outage_within_a_minute_is_seen_by_its_share(
        self, client: Client, operator: User, seconds: int, fired: int
    ) -> None:
        """Three of four pulls of one minute fail: some 45 seconds."""
        node = NodeFactory()
        scheduled(node, START)
        minute = (timezone.now().replace(second=0, microsecond=0) - at(0)).total_seconds() - 20 * 60
        for step in range(12):
            is_down = 4 <= step < 7
            pull({node: "connection_failed" if is_down else vllm(step)}, minute + 15 * (step + 1))
        roll_up_touched(timezone.now())
        rule = state_rule(raise_after_seconds=seconds)
        preview = client.get(reverse("kpis:alert_rule_detail", args=[rule.pk])).context["preview"]
        assert preview.fired == fired

    def test_every_kind_can_be_played(self, client: Client, node: Node) -> None:
        where = channel()
        rules = [
            kpi_rule(kind="absence", kpi="request_rate", side="", threshold=None, clear_threshold=None),
            state_rule(per="site"),
            kpi_rule(
                kind="burn", kpi="", indicator="e2e_latency", bound_ms=300.0, objective_percent=99.0, channel=where
            ),
        ]
        absence, state, burn = (
            client.get(reverse("kpis:alert_rule_detail", args=[rule.pk])).context["preview"] for rule in rules
        )
        assert absence.fired >= 1
        assert state.fired == 0
        assert burn.fired == 1


class TestSilences:
    def data(self, **values: Any) -> dict[str, Any]:
        until = timezone.localtime() + timedelta(hours=1)
        return {"scope": "fleet", "ends_at": until.strftime("%Y-%m-%dT%H:%M"), "reason": "Rack moved", **values}

    def test_it_works(self, client: Client, operator: User) -> None:
        assert client.post(reverse("kpis:silence_add"), self.data()).status_code == 302
        silence = Silence.objects.get()
        assert (silence.kind, silence.created_by) == ("silence", operator)
        assert "Rack moved" in page(client, "silence_list")
        assert AuditEvent.objects.filter(verb="alert.silence").exists()

    def test_an_alert_suggests_its_place(self, client: Client, alert: Alert) -> None:
        form = client.get(reverse("kpis:silence_add"), {"alert": alert.pk}).context["form"]
        assert (form["scope"].value(), form["node_name"].value()) == ("node", alert.node and alert.node.name)

    @pytest.mark.parametrize("number", ["", "x", "²", "999999999999"])
    def test_an_alert_that_there_is_not_suggests_nothing(self, client: Client, operator: User, number: str) -> None:
        assert client.get(reverse("kpis:silence_add"), {"alert": number}).status_code == 200

    def test_maintenance_is_planned(self, client: Client, operator: User) -> None:
        start = timezone.localtime() + timedelta(days=1)
        end = start + timedelta(hours=2)
        data = self.data(starts_at=start.strftime("%Y-%m-%dT%H:%M"), ends_at=end.strftime("%Y-%m-%dT%H:%M"))
        assert client.post(reverse("kpis:maintenance_add"), data).status_code == 302
        assert Silence.objects.get().kind == "maintenance"
        assert "Planned" in page(client, "silence_list")

    @pytest.mark.parametrize("until", ["2020-01-01T00:00", "2099-01-01T00:00", "soon"])
    def test_an_impossible_end_is_refused(self, client: Client, operator: User, until: str) -> None:
        response = client.post(reverse("kpis:silence_add"), self.data(ends_at=until))
        assert "ends_at" in response.context["form"].errors
        assert not Silence.objects.exists()

    @pytest.mark.parametrize("starts_in", [timedelta(hours=-1), timedelta(hours=1)])
    def test_it_can_be_ended_before_its_time(self, client: Client, operator: User, starts_in: timedelta) -> None:
        now = timezone.now()
        silence = Silence.objects.create(
            starts_at=now + starts_in, ends_at=now + timedelta(hours=2), reason="work", kind="maintenance"
        )
        client.post(reverse("kpis:silence_end", args=[silence.pk]))
        silence.refresh_from_db()
        assert not silence.covers(1, silence.place, timezone.now())
        assert not silence.covers(1, silence.place, now + timedelta(hours=1, minutes=30))


class TestChannels:
    HOOK = {"name": "Hook", "kind": "webhook", "url": "https://hooks.example.test/T0/secret-path", "language": "en"}

    def data(self, **values: Any) -> dict[str, Any]:
        return {**self.HOOK, "most_per_hour": "20", **values}

    def test_it_works(self, client: Client, operator: User) -> None:
        """The secret of a new web hook is shown once; its address never again, to nobody."""
        response = client.post(reverse("kpis:channel_add"), self.data())
        hook = Channel.objects.get()
        assert hook.secret in response.content.decode()
        assert response["Cache-Control"] == "no-store"
        for name in ("channel_detail", "channel_edit"):
            text = page(client, name, hook.pk)
            assert "hooks.example.test" in text or name == "channel_edit"
            assert "secret-path" not in text
            assert hook.secret not in text
        assert "secret-path" not in str(list(AuditEvent.objects.values()))

    def test_an_empty_address_keeps_what_is_there(self, client: Client, operator: User) -> None:
        client.post(reverse("kpis:channel_add"), self.data())
        secret = Channel.objects.get().secret
        client.post(reverse("kpis:channel_edit", args=[Channel.objects.get().pk]), self.data(url="", name="Renamed"))
        hook = Channel.objects.get()
        assert (hook.name, hook.url, hook.secret, hook.host) == (
            "Renamed",
            self.HOOK["url"],
            secret,
            "hooks.example.test",
        )

    def test_another_kind_forgets_address_and_secret(self, client: Client, operator: User) -> None:
        client.post(reverse("kpis:channel_add"), self.data())
        client.post(reverse("kpis:channel_edit", args=[Channel.objects.get().pk]), self.data(kind="app", url=""))
        hook = Channel.objects.get()
        assert (hook.url_sealed, hook.secret_sealed, hook.host) == (None, None, "")

    def test_a_new_secret_replaces_the_old(self, client: Client, operator: User) -> None:
        client.post(reverse("kpis:channel_add"), self.data())
        hook = Channel.objects.get()
        text = client.post(reverse("kpis:channel_secret", args=[hook.pk])).content.decode()
        old = hook.secret
        hook.refresh_from_db()
        assert hook.secret in text
        assert hook.secret != old

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"url": ""}, "url"),
            ({"url": "ftp://x.test/"}, "url"),
            ({"url": "https://user:pw@x.test/"}, "url"),
            ({"kind": "email"}, "recipients"),
            ({"kind": "email", "recipients": "nobody"}, "recipients"),
            ({"kind": "email", "recipients": "\n".join(f"a{n}@x.test" for n in range(21))}, "recipients"),
            ({"most_per_hour": "0"}, "most_per_hour"),
            ({"kind": "pigeon"}, "kind"),
        ],
    )
    def test_what_is_wrong_is_said(self, client: Client, operator: User, wrong: dict[str, str], field: str) -> None:
        response = client.post(reverse("kpis:channel_add"), self.data(**wrong))
        assert field in response.context["form"].errors
        assert not Channel.objects.exists()

    def test_a_name_is_given_once(self, client: Client, operator: User) -> None:
        channel("Hook")
        assert "name" in client.post(reverse("kpis:channel_add"), self.data()).context["form"].errors

    def test_a_test_is_a_message(self, client: Client, operator: User) -> None:
        where = channel()
        client.post(reverse("kpis:channel_test", args=[where.pk]))
        assert Notification.objects.get().kind == "test"
        assert "Waiting" in page(client, "channel_detail", where.pk)

    def test_one_that_is_needed_cannot_be_retired(self, client: Client, operator: User) -> None:
        rule = state_rule()
        url = reverse("kpis:channel_retire", args=[rule.channel_id])
        assert "Rules still tell this channel" in client.post(url, follow=True).content.decode()
        AlertRule.objects.update(retired_at=at(0))
        client.post(url)
        assert not Channel.objects.in_use().exists()

    def test_who_may_not_write_sees_no_recipients(self, client: Client) -> None:
        client.force_login(UserFactory(role=Role.EXECUTIVE))
        where = channel(kind="email", recipients=["ops@example.test"])
        assert "ops@example.test" not in page(client, "channel_detail", where.pk)


def test_a_hostile_name_stays_text(client: Client, operator: User) -> None:
    state_rule(name="<script>alert(1)</script>", raise_after_seconds=0)
    node = NodeFactory(name="<b>x</b>", site=SiteFactory(name="<i>s</i>"))
    enter(node, Node.State.DOWN, 0)
    watch(0)
    for name, *arguments in (
        ("alert_list",),
        ("alert_detail", Alert.objects.get().pk),
        ("alert_rule_list",),
        ("alert_rule_detail", AlertRule.objects.get().pk),
    ):
        text = page(client, name, *arguments)
        assert "<script>alert" not in text
        assert "<b>x</b>" not in text
