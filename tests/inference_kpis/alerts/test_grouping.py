"""Which message tells of what: no storm, nothing lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.alerts.grouping import (
    LONGEST_WAIT,
    PAUSE,
    SUMMARY,
    SUMMARY_WAIT,
    WAIT,
    Message,
    News,
    Outbox,
    placed,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LYON, PARIS = 1, 2


def news(site: int | None = LYON, *, rule: int = 1, is_outage: bool = False, channel: int = 1) -> News:
    return News(channel, rule, site, is_outage)


def outbox(*messages: Message, recent: int = 0, limit: int = 20) -> Outbox:
    return Outbox({(each.channel_id, each.group): each for each in messages}, {1: recent}, {1: limit, 2: limit})


def message(*, created: timedelta = timedelta(0), is_open: bool = True, nodes_down: int | None = None) -> Message:
    created_at = NOW - created
    return Message(1, f"site:{LYON}", LYON, created_at, created_at + WAIT, 7, is_open, nodes_down)


def test_it_works() -> None:
    """What happens at one site is one message, whatever the rules; another site is another message."""
    messages, places = placed([news(), news(rule=2), news(PARIS), news(None, rule=3)], outbox(), NOW, {})
    assert places == [0, 0, 1, 2]
    assert [each.group for each in messages] == ["site:1", "site:2", "rule:3"]
    assert {each.due_at for each in messages} == {NOW + WAIT}


@pytest.mark.parametrize(
    ("created", "wanted"),
    [(timedelta(seconds=10), NOW + WAIT), (timedelta(seconds=50), NOW - timedelta(seconds=50) + LONGEST_WAIT)],
)
def test_an_open_message_waits_for_more_but_not_for_ever(created: timedelta, wanted: datetime) -> None:
    messages, _ = placed([news()], outbox(message(created=created)), NOW, {})
    assert (messages[0].id, messages[0].due_at) == (7, wanted)


def test_the_next_message_about_a_site_pauses() -> None:
    sent = message(created=timedelta(seconds=30), is_open=False)
    messages, _ = placed([news()], outbox(sent), NOW, {})
    assert (messages[0].id, messages[0].due_at) == (None, sent.due_at + PAUSE)


def test_a_message_about_a_dead_site_covers_its_nodes() -> None:
    sent = message(created=timedelta(seconds=30), is_open=False, nodes_down=9)
    messages, _ = placed([news(is_outage=True)], outbox(sent), NOW, {LYON: 9})
    assert messages == [sent]


def test_but_not_for_ever_and_nothing_else() -> None:
    late = message(created=timedelta(minutes=5), is_open=False, nodes_down=9)
    for each, said in ((news(is_outage=True), late), (news(), message(is_open=False, nodes_down=9))):
        messages, _ = placed([each], outbox(said), NOW, {LYON: 9})
        assert messages[0].id is None


def test_a_node_that_comes_back_makes_the_site_live_again() -> None:
    messages, _ = placed([news()], outbox(message(nodes_down=9)), NOW, {})
    assert messages[0].nodes_down is None


def test_beyond_the_limit_there_is_one_summary() -> None:
    messages, places = placed([news(), news(PARIS)], outbox(recent=20), NOW, {})
    assert places == [0, 0]
    assert (messages[0].group, messages[0].due_at) == (SUMMARY, NOW + SUMMARY_WAIT)


many = st.lists(
    st.builds(
        News, st.sampled_from([1, 2]), st.integers(1, 5), st.one_of(st.none(), st.integers(1, 30)), st.booleans()
    ),
    max_size=80,
)


@given(many, st.integers(1, 10), st.sets(st.integers(1, 30)))
def test_there_is_never_a_storm_and_nothing_is_lost(told: list[News], limit: int, dead: set[int]) -> None:
    messages, places = placed(told, outbox(limit=limit), NOW, dict.fromkeys(dead, 3))
    assert len(places) == len(told)
    for each, place in zip(told, places, strict=True):
        assert messages[place].channel_id == each.channel_id
        assert messages[place].group in {each.group, SUMMARY}
    for channel in (1, 2):
        assert sum(each.channel_id == channel for each in messages) <= limit + 1
