"""Which message tells of what: few messages, soon, and none for what one before has said already.

What happens at one site within a short time is one message; the next one about that site waits a while. When all of a
site is down, the message is about the site, and its nodes that follow are told by it. Beyond a channel's limit
everything goes into a summary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

# A message waits for others of its site: as long as nothing new comes, but never longer than the second.
WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(seconds=60)
# The next message about the same site comes no sooner than this after the one before.
PAUSE = timedelta(minutes=2)
SUMMARY_WAIT = timedelta(minutes=15)
SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell on a channel. `is_outage` says that nodes being down fired."""

    channel_id: int
    rule_id: int
    site_id: int | None
    is_outage: bool = False

    @property
    def group(self) -> str:
        return f"site:{self.site_id}" if self.site_id else f"rule:{self.rule_id}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that there is (`id`) or that has to be made. It is open until a sender takes it."""

    channel_id: int
    group: str
    site_id: int | None
    created_at: datetime
    due_at: datetime
    id: int | None = None
    is_open: bool = True
    nodes_down: int | None = None


@dataclass
class Outbox:
    """What is known of the channels: each group's newest message, and how many each channel got in the last hour."""

    newest: dict[tuple[int, str], Message] = field(default_factory=dict)
    recent: dict[int, int] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)


def placed(
    news: Sequence[News], outbox: Outbox, now: datetime, dead_sites: Mapping[int, int]
) -> tuple[list[Message], list[int]]:
    """The messages that tell of these news, and for each the position of its message. Changes the outbox.

    `dead_sites` are the sites whose nodes are all down, with how many those are.
    """
    messages: list[Message] = []
    position_of: dict[tuple[int, str], int] = {}
    places: list[int] = []
    for each in news:
        key = _key(each, outbox, now)
        message = _next_message(each, key[1], outbox, now, dead_sites)
        outbox.newest[key] = message
        if key in position_of:
            messages[position_of[key]] = message
        else:
            position_of[key] = len(messages)
            messages.append(message)
        places.append(position_of[key])
    return messages, places


def _key(news: News, outbox: Outbox, now: datetime) -> tuple[int, str]:
    """The group that the news belongs to: its own, or the summary where the channel has had its share."""
    own = (news.channel_id, news.group)
    newest = outbox.newest.get(own)
    has_message = newest is not None and (newest.is_open or _has_said(newest, news, now))
    if not has_message and outbox.recent.get(news.channel_id, 0) >= outbox.limits[news.channel_id]:
        return news.channel_id, SUMMARY
    return own


def _has_said(message: Message, news: News, now: datetime) -> bool:
    """Whether a message that is under way or sent has told of the whole site, just now."""
    return news.is_outage and message.nodes_down is not None and now - message.due_at <= PAUSE


def _next_message(news: News, group: str, outbox: Outbox, now: datetime, dead_sites: Mapping[int, int]) -> Message:
    newest = outbox.newest.get((news.channel_id, group))
    if newest and not newest.is_open and _has_said(newest, news, now):
        return newest
    is_summary = group == SUMMARY
    nodes_down = None if is_summary else dead_sites.get(news.site_id or 0)
    if newest and newest.is_open:
        latest = newest.created_at + LONGEST_WAIT
        due_at = newest.due_at if is_summary else max(newest.due_at, min(now + WAIT, latest))
        is_about_site = news.is_outage or newest.nodes_down is not None
        return replace(newest, due_at=due_at, nodes_down=nodes_down if is_about_site else None)
    if is_summary:
        return Message(news.channel_id, group, None, now, now + SUMMARY_WAIT)
    outbox.recent[news.channel_id] = outbox.recent.get(news.channel_id, 0) + 1
    due_at = max(now + WAIT, newest.due_at + PAUSE) if newest else now + WAIT
    return Message(news.channel_id, group, news.site_id, now, due_at, nodes_down=nodes_down if news.is_outage else None)
