"""What an index would change, as a table: only the source's own nodes, and nothing a second time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inference_kpis.discovery.planning import Kind
from inference_kpis.discovery.targets import LabelNames
from inference_kpis.query_sources.answers import Row
from inference_kpis.query_sources.planning import Fleet, Owned, nodes_of, plan

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
NAMES = LabelNames(("site",), ("tier",), ("engine",))
EMPTY = Fleet({}, {}, set(), {"lyon", "paris"})
OWNED = Owned(7, "lyon", "vllm", NOW)


def row(name: str = "a:1", series: int = 5, **labels: str) -> Row:
    return Row({"instance": name, "job": "j", "site": "lyon", "vigie_engine": "vllm", **labels}, series)


def planned(*rows: Row, fleet: Fleet = EMPTY, before: datetime | None = None) -> Any:
    return plan(nodes_of(rows, "instance", NAMES), fleet, may_retire_before=before)


def test_it_works() -> None:
    found = planned(row(), row(job="k", series=2), row("b:1", site="paris"))
    assert [(change.kind, change.name) for change in found.changes] == [(Kind.ADD, "a:1"), (Kind.ADD, "b:1")]
    assert (found.taken[0].jobs, found.taken[0].series) == (("j", "k"), 7)


def test_the_same_index_a_second_time_changes_nothing() -> None:
    found = planned(row(), fleet=replace(EMPTY, owned={"a:1": OWNED}), before=NOW)
    assert (found.changes, found.refused, len(found.taken)) == ([], [], 1)


@pytest.mark.parametrize(
    ("labels", "fields"), [({"site": "paris"}, ("site",)), ({"vigie_engine": "sglang"}, ("engine",)), ({}, ())]
)
def test_a_node_becomes_what_its_labels_say(labels: dict[str, str], fields: tuple[str, ...]) -> None:
    found = planned(row(**labels), fleet=replace(EMPTY, owned={"a:1": OWNED}))
    assert [change.fields for change in found.changes] == ([fields] if fields else [])


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        *(({"name": "x" * 121}, "bad_name"), ({"name": "a\n"}, "bad_name"), ({"site": "nowhere"}, "unknown_site")),
        *(({"site": "a b"}, "bad_site"), ({"site": ""}, "no_site"), ({"tier": "moon"}, "bad_tier")),
        ({"vigie_engine": "unheard-of"}, "several_engines"),
    ],
    ids=str,
)
def test_a_node_that_cannot_be_is_left_out(labels: dict[str, str], code: str) -> None:
    found = planned(row(**labels))
    assert ([refused for _, refused in found.refused], found.changes) == ([code], [])


def test_a_label_says_more_than_the_series() -> None:
    [node] = nodes_of([row(engine="Triton"), row(vigie_engine="sglang")], "instance", NAMES)
    assert node.engine == "triton"
    [node] = nodes_of([row(engine="unheard-of")], "instance", NAMES)
    assert node.engine == "vllm"
    [node] = nodes_of([row()], "instance", NAMES, "nim")
    assert node.engine == "nim"


@pytest.mark.parametrize(
    ("owned", "heard", "before", "kinds"),
    [
        ("a:1", NOW - timedelta(hours=2), NOW - timedelta(hours=1), [Kind.RETIRE]),
        ("a:1", NOW, NOW - timedelta(hours=1), []),
        ("a:1", NOW - timedelta(hours=2), None, []),
    ],
)
def test_one_that_is_shown_no_more_goes_after_a_while(
    owned: str, heard: datetime, before: datetime | None, kinds: list[Kind]
) -> None:
    found = planned(fleet=replace(EMPTY, owned={owned: replace(OWNED, heard_at=heard)}), before=before)
    assert [change.kind for change in found.changes] == kinds


def test_one_that_the_source_took_out_comes_back() -> None:
    gone = replace(OWNED, is_retired=True, is_gone=True)
    [change] = planned(row(), fleet=replace(EMPTY, owned={"a:1": gone})).changes
    assert (change.kind, change.node_id) == (Kind.RESTORE, 7)
    taken = planned(row(), fleet=replace(EMPTY, owned={"a:1": gone}, others={"a:1": "pushed_here"}))
    assert taken.refused == [("a:1", "pushed_here")]
