"""A Prometheus HTTP service discovery list: bytes in, what each target would be as a node out; and the other way.

What a list says is hostile until checked here. Formats and defaults are those of Prometheus.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from inference_kpis.discovery.problems import ListRefused, TargetRefused
from inference_kpis.engines import ENGINES
from inference_kpis.pull.guard import parse_url, port_of
from inference_kpis.pull.problems import PullFailed

MOST_TARGETS = 5000
MOST_LABELS = 64
LONGEST_LABEL = 1024
LONGEST_NAME, LONGEST_URL, LONGEST_SITE = 120, 500, 60
MOST_INTERVAL_SECONDS, MOST_TIMEOUT_SECONDS = 3600, 30
TIERS = frozenset({"device", "edge", "region", "central"})
DEFAULT_PATH = "/metrics"
# The parts of a Prometheus duration that an interval between a second and an hour is written with.
DURATION = re.compile(r"(?:([0-9]{1,2})h)?(?:([0-9]{1,3})m)?(?:([0-9]{1,5})s)?(?:([0-9]{1,8})ms)?")
SITE_KEY = re.compile(r"[a-zA-Z0-9_-]{1,60}")
PARAMETER = "__param_"


@dataclass(frozen=True, slots=True)
class Listed:
    """One target as it stands in the list; nothing of it has been checked."""

    address: str
    labels: Mapping[object, object]


@dataclass(frozen=True, slots=True)
class LabelNames:
    """Which labels tell what; the first one that a target has, and that is not empty, counts."""

    site: tuple[str, ...] = ("__meta_vigie_site", "site")
    tier: tuple[str, ...] = ("tier",)
    engine: tuple[str, ...] = ("engine",)
    name: tuple[str, ...] = ("instance",)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a target says its node should be; '' and None where it says nothing."""

    name: str
    url: str
    site: str = ""
    tier: str = ""
    engine: str = ""
    interval_seconds: int | None = None
    timeout_seconds: int | None = None


def read_list(body: bytes, content_type: str) -> list[Listed]:
    """The targets of a whole answer. Raises `ListRefused`: half a list would retire the other half's nodes."""
    kind, _, parameters = content_type.lower().replace(" ", "").partition(";")
    if kind != "application/json" or parameters not in {"", "charset=utf-8"}:
        raise ListRefused("not_json")
    try:
        groups = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ListRefused("bad_list") from None
    if not isinstance(groups, list):
        raise ListRefused("bad_list")
    listed: list[Listed] = []
    for group in groups:
        listed += _targets(group)
        if len(listed) > MOST_TARGETS:
            raise ListRefused("too_many_targets")
    return listed


def _targets(group: object) -> Iterator[Listed]:
    targets = group.get("targets") if isinstance(group, dict) else None
    labels = group.get("labels") if isinstance(group, dict) else None
    # Prometheus takes null for empty in both.
    targets, labels = targets or [], {} if labels is None else labels
    if not isinstance(group, dict) or not isinstance(targets, list) or not isinstance(labels, dict):
        raise ListRefused("bad_list")
    for address in targets:
        if not isinstance(address, str):
            raise ListRefused("bad_list")
        yield Listed(address, labels)


def read_target(listed: Listed, names: LabelNames) -> Wanted:
    """What one target wants its node to be. Raises `TargetRefused`, with the name as soon as that is known."""
    labels = _checked_labels(listed)
    url = _url(listed.address.strip(), labels)
    name = (_first(labels, names.name) or _place_name(url)).strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise TargetRefused("bad_name")
    site, tier = _first(labels, names.site), _first(labels, names.tier).lower()
    if site and not SITE_KEY.fullmatch(site):
        raise TargetRefused("bad_site", name)
    if tier and tier not in TIERS:
        raise TargetRefused("bad_tier", name)
    engine = _first(labels, names.engine).lower()
    interval = _seconds(labels.get("__scrape_interval__", ""), name)
    timeout = _seconds(labels.get("__scrape_timeout__", ""), name)
    return Wanted(
        name=name,
        url=url,
        site=site,
        tier=tier,
        # What Vigie does not know by this name is left to be recognised.
        engine=engine if engine in ENGINES else "",
        interval_seconds=interval,
        timeout_seconds=min(timeout, MOST_TIMEOUT_SECONDS) if timeout else None,
    )


def _checked_labels(listed: Listed) -> dict[str, str]:
    if len(listed.labels) > MOST_LABELS:
        raise TargetRefused("too_many_labels")
    labels: dict[str, str] = {}
    for label, value in listed.labels.items():
        if not isinstance(label, str) or not isinstance(value, str) or "\0" in value:
            raise TargetRefused("bad_label")
        if max(len(label), len(value)) > LONGEST_LABEL:
            raise TargetRefused("label_too_long")
        labels[label] = value
    return labels


def _url(address: str, labels: Mapping[str, str]) -> str:
    path = labels.get("__metrics_path__") or DEFAULT_PATH
    if not address or set(address) & set("/?#@\\ ") or set(path) & set("?#"):
        raise TargetRefused("bad_address")
    parameters = {
        label.removeprefix(PARAMETER): value for label, value in labels.items() if label.startswith(PARAMETER)
    }
    query = f"?{urlencode(parameters)}" if parameters else ""
    url = f"{labels.get('__scheme__') or 'http'}://{address}/{path.removeprefix('/')}{query}"
    try:
        parse_url(url)
    except PullFailed:
        raise TargetRefused("bad_address") from None
    if len(url) > LONGEST_URL:
        raise TargetRefused("bad_address")
    return url


def _place_name(url: str) -> str:
    """The address, as Prometheus names an instance; with what else it takes to tell two of one server apart."""
    parts = urlsplit(url)
    rest = f"{parts.path}{f'?{parts.query}' if parts.query else ''}"
    return parts.netloc + (rest if rest != DEFAULT_PATH else "")


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name].strip() for name in names if labels.get(name, "").strip()), "")


def _seconds(text: str, name: str) -> int | None:
    """Whole seconds, rounded up, of a duration such as 1m30s; None when nothing is said."""
    if not text:
        return None
    found = DURATION.fullmatch(text)
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    whole = hours * 3600 + minutes * 60 + seconds + -(-milliseconds // 1000)
    if not 1 <= whole <= MOST_INTERVAL_SECONDS:
        raise TargetRefused("bad_interval", name)
    return whole


Place = tuple[str, str, int, str, tuple[tuple[str, str], ...]]


def place(url: str) -> Place | None:
    """What two URLs of the same metrics page have in common; None for one that cannot be pulled."""
    try:
        parts = parse_url(url)
    except PullFailed:
        return None
    # A list can say each parameter once.
    parameters = tuple(sorted(dict(reversed(parse_qsl(parts.query, keep_blank_values=True))).items()))
    return parts.scheme, parts.hostname or "", port_of(parts), parts.path or "/", parameters


def target_group(
    *, url: str, name: str, uuid: str, site: str, tier: str, engine: str, interval_seconds: int, timeout_seconds: int
) -> dict[str, object]:
    """One node as Prometheus reads it; `read_target` understands it as the same place."""
    parts = urlsplit(url)
    parameters = dict(reversed(parse_qsl(parts.query, keep_blank_values=True)))
    return {
        "targets": [parts.netloc],
        "labels": {
            "__scheme__": parts.scheme,
            "__metrics_path__": parts.path or "/",
            "__scrape_interval__": f"{interval_seconds}s",
            "__scrape_timeout__": f"{min(timeout_seconds, interval_seconds)}s",
            **{f"{PARAMETER}{key}": value for key, value in parameters.items()},
            "__meta_vigie_site": site,
            "__meta_vigie_uuid": uuid,
            "site": site,
            "tier": tier,
            **({"engine": engine} if engine else {}),
            "vigie_node": name,
        },
    }
