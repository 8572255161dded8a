"""What a list would change: tables of what is there and what is wanted."""

import pytest

from inference_kpis.discovery.planning import Fleet, Kind, Owned, Plan, plan, shown
from inference_kpis.discovery.targets import LabelNames, Listed, place

OWNED = Owned(1, "http://a:1/metrics", "lyon", "vllm", 15, 10)


def target(address: str = "a:1", **labels: object) -> Listed:
    return Listed(address, {"site": "lyon", "instance": "n", **labels})


def planned(*targets: Listed, owned: Owned | None = None, **fleet: object) -> Plan:
    defaults: dict[str, object] = {"other_names": {}, "other_places": set(), "sites": {"lyon"}}
    known = {"n": owned} if owned else {}
    return plan(targets, LabelNames(), Fleet(owned=known, **defaults | fleet))  # type: ignore[arg-type]


def kinds(made: Plan) -> list[tuple[Kind, tuple[str, ...]]]:
    return [(change.kind, change.fields) for change in made.changes]


def test_it_works() -> None:
    made = planned(target())
    assert [(change.kind, change.name, change.node_id) for change in made.changes] == [(Kind.ADD, "n", None)]
    assert made.count(Kind.ADD) == 1


@pytest.mark.parametrize(
    ("labels", "fields"),
    [
        ({}, ()),
        ({"engine": "vllm"}, ()),
        ({"engine": "triton"}, ("engine",)),
        ({"site": "paris"}, ("site",)),
        ({"__metrics_path__": "/x"}, ("url",)),
        ({"__scrape_interval__": "30s"}, ("pull_interval_seconds",)),
        ({"__scrape_interval__": "5s"}, ("pull_interval_seconds", "pull_timeout_seconds")),
        ({"__scrape_timeout__": "3s"}, ("pull_timeout_seconds",)),
    ],
)
def test_only_what_differs_is_changed(labels: dict[str, object], fields: tuple[str, ...]) -> None:
    made = planned(target(**labels), owned=OWNED, sites={"lyon", "paris"})
    assert kinds(made) == ([(Kind.CHANGE, fields)] if fields else [])
    assert made.unchanged == (0 if fields else 1)


def test_what_is_no_longer_listed_is_retired_once() -> None:
    assert kinds(planned(owned=OWNED)) == [(Kind.RETIRE, ())]
    assert kinds(planned(owned=Owned(1, "http://a:1/metrics", "lyon", "", 15, 10, is_retired=True, is_gone=True))) == []


def test_what_returns_is_the_same_node() -> None:
    gone = Owned(7, "http://a:1/metrics", "lyon", "vllm", 15, 10, is_retired=True, is_gone=True)
    [change] = planned(target("b:2"), owned=gone).changes
    assert (change.kind, change.node_id, change.fields) == (Kind.RESTORE, 7, ("url",))


@pytest.mark.parametrize(
    ("targets", "owned", "fleet", "code"),
    [
        ([target(site="")], None, {}, "no_site"),
        ([target(site="paris")], None, {}, "unknown_site"),
        ([target()], None, {"other_names": {"n"}}, "name_taken"),
        ([target(), target("b:2")], OWNED, {}, "same_name"),
        ([target(), target(instance="m")], OWNED, {}, "same_address"),
        ([target("b:2")], OWNED, {"other_places": {place("http://b:2/metrics")}}, "same_address"),
        ([target()], Owned(1, "", "lyon", "", 15, 10, is_retired=True), {}, "retired_by_hand"),
        (
            [target("b:2")],
            Owned(1, "http://a:1/metrics", "lyon", "", 15, 10, has_credential=True),
            {},
            "credential_kept",
        ),
        ([target(tier="moon")], OWNED, {}, "bad_tier"),
    ],
)
def test_a_refused_target_leaves_its_node_as_it_is(
    targets: list[Listed], owned: Owned | None, fleet: dict[str, object], code: str
) -> None:
    made = planned(*targets, owned=owned, **fleet)
    assert [reason for _, reason in made.refused] == [code]
    assert made.changes == []


def test_a_site_is_created_only_by_a_source_that_may() -> None:
    assert kinds(planned(target(site="paris"), may_create_sites=True)) == [(Kind.ADD, ())]
    assert kinds(planned(target(site=""), default_site="lyon")) == [(Kind.ADD, ())]


def test_what_somebody_else_registered_is_left_alone() -> None:
    made = planned(target(), other_names={"by hand"}, other_places={place("http://A:1/metrics")})
    assert (made.changes, made.refused, made.others) == ([], [], 1)


def test_the_same_target_twice_is_one() -> None:
    made = planned(target(), target())
    assert (len(made.changes), made.refused) == (1, [])


def test_a_hostile_text_is_shown_short_and_plain() -> None:
    assert shown("a\0b\n" + "x" * 500) == "a\ufffdb\ufffd" + "x" * 116
