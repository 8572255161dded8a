"""Everything that an exposition holds, for a person who looks through it: each family with what is said of it.

Pulls never read so much; they decode the series that are wanted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inference_kpis.protocols.escaping import legacy, unescaped
from inference_kpis.protocols.exposition import DEFAULT_LIMITS, Limits, Sample, parse, sample_names
from inference_kpis.protocols.negotiation import form_of

MOST_HELP_CHARACTERS = 300
TYPES = frozenset({"counter", "gauge", "histogram", "summary"})
# The parts of a family in one piece; a counter and its time of creation stay apart.
PARTS = ("_bucket", "_sum", "_count")


@dataclass(frozen=True, slots=True)
class Said:
    """What the lines of comment say of a name, '' where they say nothing."""

    type: str = ""
    help: str = ""
    unit: str = ""


@dataclass(slots=True)
class Family:
    """One name as a mapping writes it: without `_bucket`, `_sum` and `_count`, with `_total`.

    `type` is '' where the exposition does not say one that can be read; a family with buckets is a histogram all the same.
    """

    name: str
    said: Said
    samples: list[Sample] = field(default_factory=list)

    @property
    def type(self) -> str:
        if any(sample.name.endswith("_bucket") and "le" in sample.labels for sample in self.samples):
            return "histogram"
        return self.said.type if self.said.type in TYPES else ""

    @property
    def series(self) -> list[Sample]:
        """One sample a series: of a histogram or summary the count of each."""
        counts = [sample for sample in self.samples if sample.name == f"{self.name}_count"]
        return counts or self.samples

    @property
    def labels(self) -> dict[str, list[str]]:
        """The values of each label, without those that are a part of a histogram or summary."""
        found: dict[str, dict[str, None]] = {}
        for sample in self.samples:
            for label, value in sample.labels.items():
                if label not in {"le", "quantile"}:
                    found.setdefault(label, {})[value] = None
        return {label: list(values) for label, values in found.items()}


def families(body: bytes, *, content_type: str = "", limits: Limits = DEFAULT_LIMITS) -> list[Family]:
    """All families of a body that have samples, by name. Raises `MalformedExposition`."""
    names = sample_names(body, content_type=content_type)
    samples = parse(body, frozenset(name.encode() for name in names), content_type=content_type, limits=limits)
    said = _said(body, content_type)
    has_buckets = {sample.name.removesuffix("_bucket") for sample in samples if sample.name.endswith("_bucket")}
    found: dict[str, Family] = {}
    for sample in samples:
        name = _family_of(sample.name, said, has_buckets)
        if name not in found:
            found[name] = Family(name, said.get(name) or said.get(name.removesuffix("_total")) or Said())
        found[name].samples.append(sample)
    return sorted(found.values(), key=lambda family: family.name)


def _family_of(name: str, said: Mapping[str, Said], has_buckets: set[str]) -> str:
    if name in said:
        return name
    for part in PARTS:
        base = name.removesuffix(part)
        if base != name and (base in has_buckets or said.get(base, Said()).type in {"histogram", "summary"}):
            return base
    return name


def _said(body: bytes, content_type: str) -> dict[str, Said]:
    """What the lines of comment say, by legacy name."""
    escaping = form_of(content_type).escaping
    found: dict[str, dict[str, str]] = {}
    for line in body.split(b"\n"):
        if line[:2] != b"# ":
            continue
        _, keyword, name, *rest = (*line.decode(errors="replace").split(None, 3), "", "")
        if keyword in {"TYPE", "HELP", "UNIT"} and name:
            of = found.setdefault(legacy(unescaped(name.strip('"'), escaping)), {})
            of.setdefault(keyword.lower(), rest[0].strip()[:MOST_HELP_CHARACTERS])
    return {name: Said(**of) for name, of in found.items()}
