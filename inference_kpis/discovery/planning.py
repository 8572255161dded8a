"""What a list would change: a pure comparison of what targets want with what is registered.

A node that a list made belongs to that source, by the name the list gave it. Every other node is somebody else's and is
never touched. The same list a second time changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from inference_kpis.discovery.problems import TargetRefused
from inference_kpis.discovery.targets import LabelNames, Listed, Place, Wanted, place, read_target

LONGEST_SHOWN = 120


class Kind(StrEnum):
    ADD = "add"
    CHANGE = "change"
    RESTORE = "restore"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class Owned:
    """A node that this source made, as it is now; `is_gone` when the source itself took it out of service."""

    node_id: int
    url: str
    site: str
    engine: str
    interval_seconds: int
    timeout_seconds: int
    has_credential: bool = False
    is_retired: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a list is compared with: the source's own nodes by the name it gave them, and all others in service."""

    owned: Mapping[str, Owned]
    other_names: Collection[str]
    other_places: Collection[Place | None]
    sites: Collection[str]
    default_site: str = ""
    may_create_sites: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do; `node_id` is None for a node to add, `wanted` for one to retire."""

    kind: Kind
    name: str
    wanted: Wanted | None = None
    node_id: int | None = None
    fields: tuple[str, ...] = ()


@dataclass
class Plan:
    changes: list[Change] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0
    others: int = 0

    def count(self, kind: Kind) -> int:
        return sum(change.kind is kind for change in self.changes)


def plan(listed: Iterable[Listed], names: LabelNames, fleet: Fleet) -> Plan:
    """What to do so that the source's nodes are what the list says. Refused targets keep their node as it is."""
    result = Plan()
    seen: set[str] = set()
    places: dict[Place | None, str] = {}
    twice: set[Wanted] = set()
    for target in listed:
        try:
            wanted = read_target(target, names)
            if wanted in twice:
                continue  # Prometheus, too, takes a target that is listed twice once.
            twice.add(wanted)
            _refuse_doubles(wanted, seen, places)
            seen.add(wanted.name)
            places[place(wanted.url)] = wanted.name
            _plan_one(wanted, fleet, result)
        except TargetRefused as refused:
            seen |= {refused.name} - {""}
            result.refused.append((refused.name or shown(target.address), refused.code))
    for name, owned in fleet.owned.items():
        if name not in seen and not owned.is_retired:
            result.changes.append(Change(Kind.RETIRE, name, node_id=owned.node_id))
    return result


def _refuse_doubles(wanted: Wanted, seen: Collection[str], places: Collection[Place | None]) -> None:
    if wanted.name in seen:
        raise TargetRefused("same_name", wanted.name)
    if place(wanted.url) in places:
        raise TargetRefused("same_address", wanted.name)


def _plan_one(wanted: Wanted, fleet: Fleet, result: Plan) -> None:
    owned = fleet.owned.get(wanted.name)
    if place(wanted.url) in fleet.other_places:
        if owned and not owned.is_retired:
            raise TargetRefused("same_address", wanted.name)
        result.others += 1
        return
    if (owned is None or owned.is_retired) and wanted.name in fleet.other_names:
        raise TargetRefused("name_taken", wanted.name)
    if owned and owned.is_retired and not owned.is_gone:
        raise TargetRefused("retired_by_hand", wanted.name)
    wanted_site = site_for(wanted.site, fleet, wanted.name)
    if owned is None:
        result.changes.append(Change(Kind.ADD, wanted.name, wanted))
        return
    fields = differing(wanted, owned, wanted_site)
    if "url" in fields and owned.has_credential:
        raise TargetRefused("credential_kept", wanted.name)
    if owned.is_retired or fields:
        kind = Kind.RESTORE if owned.is_retired else Kind.CHANGE
        result.changes.append(Change(kind, wanted.name, wanted, owned.node_id, fields))
    else:
        result.unchanged += 1


class Sites(Protocol):
    """Which sites there are, where a node without one goes ('' is nowhere), and whether new ones may be made."""

    @property
    def sites(self) -> Collection[str]: ...
    @property
    def default_site(self) -> str: ...
    @property
    def may_create_sites(self) -> bool: ...


def site_for(site: str, fleet: Sites, name: str = "") -> str:
    """The key of the site that a node goes to. Raises `TargetRefused` where it has none, or none that may be made."""
    found = site or fleet.default_site
    if not found:
        raise TargetRefused("no_site", name)
    if found not in fleet.sites and not fleet.may_create_sites:
        raise TargetRefused("unknown_site", name)
    return found


def differing(wanted: Wanted, owned: Owned, site: str) -> tuple[str, ...]:
    """The fields in which the node is not what the target says; what the target does not say is as it should be."""
    interval = wanted.interval_seconds or owned.interval_seconds
    different = {
        "url": wanted.url != owned.url and place(wanted.url) != place(owned.url),
        "site": site != owned.site,
        "engine": bool(wanted.engine) and wanted.engine != owned.engine,
        "pull_interval_seconds": interval != owned.interval_seconds,
        "pull_timeout_seconds": timeout_within(wanted, owned.timeout_seconds, interval) != owned.timeout_seconds,
    }
    return tuple(name for name, is_different in different.items() if is_different)


def timeout_within(wanted: Wanted, current: int, interval_seconds: int) -> int:
    """The time-out that the target asks for, or the current one; never longer than the interval."""
    return min(wanted.timeout_seconds or current, interval_seconds)


def shown(text: str) -> str:
    """A hostile text, short and printable, so that it can be stored and shown."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:LONGEST_SHOWN])
