"""Evaluating rules: time lines of the fleet in, history and messages out."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from inference_kpis.alerts import evaluation
from inference_kpis.alerts.evaluation import evaluate_rules
from inference_kpis.alerts.models import Alert, AlertEvent, AlertRule, Notification, Silence
from inference_kpis.fleet.models import Node, Site
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, SiteFactory, scheduled
from tests.inference_kpis.alerts.makers import (
    changed,
    channel,
    enter,
    history,
    kpi_rule,
    measured,
    nodes_up,
    state_rule,
    told,
    watch,
)
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import START, at, pull

pytestmark = pytest.mark.django_db
DOWN, UP, SILENT, PAUSED = Node.State.DOWN, Node.State.UP, Node.State.SILENT, Node.State.PAUSED


class TestNodes:
    def test_it_works(self) -> None:
        """Down for thirty seconds fires, up again resolves, and one message tells each."""
        state_rule()
        (node,) = nodes_up()
        watch(10)
        enter(node, DOWN, 12)
        watch(60, start=15)
        Notification.objects.update(state="sent")
        enter(node, UP, 62)
        watch(80, start=65)
        assert history() == [(45, "fired"), (65, "resolved")]
        assert told() == [["fired"], ["resolved"]]

    def test_a_short_outage_tells_nobody(self) -> None:
        state_rule()
        (node,) = nodes_up()
        enter(node, DOWN, 0)
        watch(20)
        assert Alert.objects.get().phase == "pending"
        enter(node, UP, 22)
        watch(60, start=25)
        assert (history(), Alert.objects.get().phase) == ([], "ok")

    def test_a_node_that_falls_silent_after_it_went_down_is_not_resolved(self) -> None:
        state_rule()
        (node,) = nodes_up()
        enter(node, DOWN, 0)
        watch(40)
        enter(node, SILENT, 50)
        watch(300, start=45)
        assert history() == [(30, "fired")]
        assert Alert.objects.get().unknown_since is not None

    @pytest.mark.parametrize(("bad_state", "fires"), [("down", False), ("silent", True), ("either", True)])
    def test_a_rule_says_which_state_is_bad(self, bad_state: str, fires: bool) -> None:
        state_rule(bad_state=bad_state)
        (node,) = nodes_up()
        enter(node, SILENT, 0)
        watch(40)
        assert bool(history()) is fires

    def test_a_site_is_down_when_all_its_nodes_are(self) -> None:
        state_rule(per="site")
        one, other = nodes_up(2)
        NodeFactory(site=one.site, state=PAUSED)
        enter(one, DOWN, 0)
        watch(60)
        assert history() == []
        enter(other, DOWN, 62)
        watch(100, start=65)
        assert history() == [(95, "fired")]
        enter(one, UP, 101)
        watch(110, start=105)
        assert history() == [(95, "fired"), (105, "resolved")]

    @pytest.mark.parametrize(
        ("scope", "watched"),
        [
            ({"scope": "fleet"}, 4),
            ({"scope": "tier", "tier": "central"}, 2),
            ({"scope": "engine", "engine": "triton"}, 1),
        ],
    )
    def test_a_rule_watches_its_scope(self, scope: dict[str, str], watched: int) -> None:
        state_rule(**scope)
        for node in (
            *nodes_up(2),
            *nodes_up(site=SiteFactory(tier="central")),
            *nodes_up(engine="triton", site=SiteFactory(tier="central")),
        ):
            enter(node, DOWN, 0)
        watch(30)
        assert Alert.objects.filter(phase="firing").count() == watched

    @pytest.mark.parametrize("how", ["retire", "pause", "switch off", "retire the rule"])
    def test_what_nobody_watches_any_more_is_closed_not_resolved(self, how: str) -> None:
        rule = state_rule()
        (node,) = nodes_up()
        enter(node, DOWN, 0)
        watch(30)
        match how:
            case "retire":
                Node.objects.update(retired_at=at(32))
            case "pause":
                enter(node, PAUSED, 32)
            case "switch off":
                changed(rule, {"is_on": False})
            case "retire the rule":
                changed(rule, {"retired_at": at(32)})
        watch(60, start=35)
        assert history() == [(30, "fired"), (35, "closed")]
        assert told()[-1][-1] == "closed"

    def test_two_outages_are_two_stories(self) -> None:
        state_rule()
        (node,) = nodes_up()
        for start in (0, 200):
            enter(node, DOWN, start)
            watch(start + 40, start=start)
            enter(node, UP, start + 42)
            watch(start + 195, start=start + 45)
        assert [kind for _, kind in history()] == ["fired", "resolved"] * 2
        assert Alert.objects.count() == 1


class TestKpis:
    @pytest.fixture
    def node(self) -> Node:
        node = NodeFactory()
        scheduled(node, START)
        return node

    def test_it_works(self, node: Node) -> None:
        """A tenth of vllm()'s requests takes more than a second: p95 is above 500 ms."""
        kpi_rule()
        measured(node, [0, 100, 200, 300, 400])
        watch(60, start=20)
        assert history() == [(50, "fired")]
        event = AlertEvent.objects.get()
        assert (event.value, event.bound, event.threshold) == (1000.0, "at_least", 500.0)

    def test_no_data_neither_fires_nor_resolves(self, node: Node) -> None:
        kpi_rule()
        watch(60)
        assert history() == []
        measured(node, [0, 100, 200, 300, 400])
        watch(600, start=20)
        assert [kind for _, kind in history()] == ["fired"]
        assert Alert.objects.get().unknown_since is not None

    def test_a_bound_that_cannot_decide_does_not(self, node: Node) -> None:
        """p95 is at least 1000 ms: whether it is above 2000 ms nobody knows."""
        kpi_rule(threshold=2000.0, clear_threshold=1500.0)
        measured(node, [0, 100, 200, 300, 400])
        watch(90, start=20)
        assert not Alert.objects.exists()

    def test_hysteresis_keeps_it_firing_between_the_thresholds(self, node: Node) -> None:
        rule = kpi_rule(kpi="queue_depth", threshold=5.0, clear_threshold=2.0, raise_after_seconds=0)
        for step, waiting in enumerate([9, 9, 9, 9, 9, *[3] * 10, *[1] * 12]):
            pull({node: vllm(step, waiting=waiting)}, 15 * step)
            roll_up_touched(at(15 * step))
            evaluate_rules(at(15 * step + 1))
        happened = history()
        assert [kind for _, kind in happened] == ["fired", "resolved"]
        assert happened[1][0] > 15 * 15
        assert rule.alerts.get().phase == "ok"

    def test_absence_of_data_fires_and_its_return_resolves(self, node: Node) -> None:
        state = {"kind": AlertRule.Kind.ABSENCE, "kpi": "request_rate", "side": "", "threshold": None}
        kpi_rule(**state, clear_threshold=None)
        measured(node, [0, 10, 20])
        watch(300, start=30, every=10)
        assert [kind for _, kind in history()] == ["fired"]
        measured(node, [30, 40, 50], start=315)
        watch(360, start=350)
        assert [kind for _, kind in history()] == ["fired", "resolved"]

    def test_every_node_is_judged_by_its_own_readings(self, node: Node) -> None:
        other = NodeFactory(site=node.site)
        scheduled(other, START)
        kpi_rule(kpi="queue_depth", threshold=5.0, clear_threshold=5.0, per="node", raise_after_seconds=0)
        for step in range(4):
            pull({node: vllm(step, waiting=9), other: vllm(step, waiting=1)}, 15 * step)
        roll_up_touched(at(0))
        evaluate_rules(at(50))
        assert [alert.node for alert in Alert.objects.filter(phase="firing")] == [node]

    @pytest.mark.parametrize(("per", "keys"), [("whole", {""}), ("site", {"site"}), ("node", {"node"})])
    def test_a_rule_is_about_the_whole_or_about_each(self, node: Node, per: str, keys: set[str]) -> None:
        kpi_rule(per=per, raise_after_seconds=0)
        measured(node, [0, 100, 200])
        evaluate_rules(at(35))
        assert {key.partition(":")[0] for key in Alert.objects.values_list("key", flat=True)} == keys

    def test_a_model_is_a_scope(self, node: Node) -> None:
        kpi_rule(scope="model", model="m", raise_after_seconds=0)
        kpi_rule(name="Other", scope="model", model="other", raise_after_seconds=0)
        measured(node, [0, 100, 200])
        evaluate_rules(at(35))
        assert [alert.rule.name for alert in Alert.objects.all()] == ["Slow"]

    def test_a_burning_budget_fires_while_it_burns(self, node: Node) -> None:
        burn = {
            "name": "Budget",
            "kind": AlertRule.Kind.BURN,
            "indicator": "success",
            "objective_percent": 99.0,
            "minimum_samples": 50,
            "raise_after_seconds": 0,
            "kpi": "",
        }
        kpi_rule(**burn)
        for step in range(5):
            pull({node: vllm(100 * step, failed=20 * step)}, 15 * step)
        roll_up_touched(at(0))
        evaluate_rules(at(61))
        assert history() == [(61, "fired")]
        assert AlertEvent.objects.get().value == pytest.approx(20.0)
        for step in range(5, 60):
            pull({node: vllm(100 * step, failed=100)}, 15 * step)
        roll_up_touched(at(0))
        evaluate_rules(at(900))
        assert history() == [(61, "fired"), (900, "resolved")]


class TestMessages:
    def test_a_site_that_dies_is_one_message(self) -> None:
        """Its twenty nodes are noticed one after the other, within one pull interval."""
        state_rule()
        nodes = nodes_up(20)
        nodes_up(3)
        for i, node in enumerate(nodes):
            enter(node, DOWN, i * 0.75)
        watch(600)
        assert told() == [["fired"] * 20]
        assert Notification.objects.get().nodes_down == 20

    def test_stragglers_of_a_dead_site_are_told_by_its_message(self) -> None:
        state_rule()
        one, other = nodes_up(2)
        enter(one, DOWN, 0)
        enter(other, DOWN, 25)
        watch(45)
        Notification.objects.update(state="sent")
        watch(120, start=50)
        assert [kind for _, kind in history()] == ["fired", "fired"]
        assert len(told()) == 1

    def test_the_next_message_about_a_site_waits(self) -> None:
        state_rule()
        one, other, *_ = nodes_up(3)
        enter(one, DOWN, 0)
        watch(60)
        Notification.objects.update(state="sent")
        enter(other, DOWN, 62)
        watch(100, start=65)
        first, second = Notification.objects.order_by("pk")
        assert (second.due_at - first.due_at).total_seconds() >= 120

    def test_beyond_its_limit_a_channel_gets_a_summary(self) -> None:
        state_rule(channel=channel(most_per_hour=3))
        for _ in range(10):
            (node,) = nodes_up()
            enter(node, DOWN, 0)
        watch(40)
        assert sorted(map(len, told())) == [1, 1, 1, 7]
        assert Notification.objects.filter(kind="summary").count() == 1

    def test_every_event_is_told_once(self) -> None:
        state_rule()
        kpi_rule(kpi="availability", side="below", threshold=99.0, clear_threshold=99.0)
        for node in nodes_up(5):
            enter(node, DOWN, 0)
        watch(40)
        assert AlertEvent.objects.filter(notification=None).count() == 0


class TestSilences:
    @staticmethod
    def silence(**values: Any) -> Silence:
        given = {"starts_at": at(0), "ends_at": at(100), "reason": "work", **values}
        return Silence.objects.create(**given)

    @pytest.mark.parametrize("kind", ["silence", "maintenance"])
    def test_nobody_is_told_but_history_keeps_it(self, kind: str) -> None:
        state_rule()
        (node,) = nodes_up()
        silence = self.silence(kind=kind)
        enter(node, DOWN, 0)
        watch(50)
        enter(node, UP, 52)
        watch(200, start=55)
        assert history() == [(30, "fired"), (55, "resolved")]
        assert told() == []
        assert AlertEvent.objects.filter(silence=silence).count() == 2

    def test_what_still_fires_afterwards_is_told_then(self) -> None:
        state_rule()
        (node,) = nodes_up()
        self.silence()
        enter(node, DOWN, 0)
        watch(150)
        assert history() == [(30, "fired"), (100, "still_firing")]
        assert told() == [["still_firing"]]

    @pytest.mark.parametrize("is_inside", [True, False])
    def test_only_its_part_of_the_fleet_is_silent(self, is_inside: bool) -> None:
        state_rule()
        (node,) = nodes_up()
        self.silence(scope="site", site=node.site if is_inside else SiteFactory())
        enter(node, DOWN, 0)
        watch(50)
        assert bool(told()) is not is_inside

    def test_a_silence_may_be_about_one_rule(self) -> None:
        rule, other = state_rule(), state_rule(name="Other")
        (node,) = nodes_up()
        self.silence(rule=rule)
        enter(node, DOWN, 0)
        watch(50)
        assert [event.alert.rule for event in AlertEvent.objects.exclude(notification=None)] == [other]

    def test_one_that_has_not_begun_hides_nothing(self) -> None:
        state_rule()
        (node,) = nodes_up()
        self.silence(starts_at=at(60), kind="maintenance")
        enter(node, DOWN, 0)
        watch(50)
        assert told() == [["fired"]]


class TestWorkers:
    def test_evaluating_twice_changes_nothing(self) -> None:
        state_rule()
        (node,) = nodes_up()
        enter(node, DOWN, 0)
        assert [evaluate_rules(at(40)) for _ in range(3)] == [1, 0, 0]

    def test_rules_do_not_depend_on_their_order(self) -> None:
        def run(order: random.Random) -> list[tuple[float, str, str]]:
            for table in (AlertEvent, Alert, AlertRule, Node, Site):
                table.objects.all().delete()
            names = [("A", 0), ("B", 10), ("C", 30), ("D", 60)]
            order.shuffle(names)
            for name, seconds in names:
                state_rule(name=name, raise_after_seconds=seconds)
            for index, node in enumerate(nodes_up(3)):
                enter(node, DOWN, index * 7)
            watch(90)
            rows = AlertEvent.objects.values_list("at", "kind", "alert__rule__name")
            return sorted(((moment - at(0)).total_seconds(), kind, name) for moment, kind, name in rows)

        runs = [run(random.Random(seed)) for seed in range(4)]
        assert len(runs[0]) == 12
        assert all(each == runs[0] for each in runs)

    def test_a_clock_that_lags_behind_moves_nothing_back(self) -> None:
        state_rule(raise_after_seconds=0)
        (node,) = nodes_up()
        enter(node, DOWN, 0)
        evaluate_rules(at(40))
        enter(node, UP, 50)
        assert evaluate_rules(at(39)) == 0
        assert Alert.objects.get().phase == "firing"

    def test_many_rules_and_nodes_cost_the_queries_of_few(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                evaluate_rules(at(61))
            return len(captured)

        def fleet(count: int) -> None:
            for number in range(count):
                (node,) = nodes_up()
                scheduled(node, START)
                measured(node, [0, 100, 200, 300])
                enter(node, DOWN, 0)
                state_rule(name=f"S{number}", raise_after_seconds=0)
                kpi_rule(name=f"K{number}", raise_after_seconds=0)
                kpi_rule(name=f"N{number}", per="node", raise_after_seconds=0)

        fleet(1)
        few = queries()
        for table in (AlertEvent, Alert, Notification):
            table.objects.all().delete()
        fleet(6)
        many = queries()
        assert Alert.objects.filter(phase="firing").count() > 40
        assert many == few


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_workers_at_once_tell_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both have read that nothing fires yet before either writes."""
        state_rule()
        for node in nodes_up(8):
            enter(node, DOWN, 0)
        together = threading.Barrier(2, timeout=30)
        write = evaluation._write

        def write_together(*args: Any) -> int:
            together.wait()
            return write(*args)

        monkeypatch.setattr(evaluation, "_write", write_together)
        counts = _at_once(lambda: evaluate_rules(at(40)))
        assert sorted(counts) == [0, 8]
        assert AlertEvent.objects.count() == 8
        assert told() == [["fired"] * 8]

    def test_two_workers_resolve_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        state_rule()
        nodes = nodes_up(4)
        for node in nodes:
            enter(node, DOWN, 0)
        evaluate_rules(at(40))
        for node in nodes:
            enter(node, UP, 50)
        together = threading.Barrier(2, timeout=30)
        write = evaluation._write

        def write_together(*args: Any) -> int:
            together.wait()
            return write(*args)

        monkeypatch.setattr(evaluation, "_write", write_together)
        assert sorted(_at_once(lambda: evaluate_rules(at(60)))) == [0, 4]
        assert AlertEvent.objects.filter(kind="resolved").count() == 4

    def test_a_worker_that_dies_while_writing_leaves_nothing_half_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        state_rule()
        (node,) = nodes_up()
        enter(node, DOWN, 0)

        def die(*_: object) -> None:
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(AlertEvent.objects, "bulk_create", die)
            with pytest.raises(SystemExit):
                evaluate_rules(at(40))
        assert (Alert.objects.count(), Notification.objects.count()) == (0, 0)
        assert evaluate_rules(at(45)) == 1
        assert told() == [["fired"]]


def _at_once(work: Callable[[], int]) -> list[int]:
    """What two threads return that do this at the same time, each with its own connection."""
    results: list[int] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
