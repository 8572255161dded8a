"""From a fetched body to what it says: recognised if need be, parsed, and read by the node's engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from inference_kpis.engines import ENGINES, Engine, observe
from inference_kpis.engines.recognition import recognise
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.reading import Reader
from inference_kpis.protocols.exposition import Limits, MalformedExposition, family_names, parse, sample_names
from inference_kpis.protocols.freshness import fresh
from inference_kpis.pull import memory
from inference_kpis.pull.client import Fetched
from inference_kpis.readings.observation import Observation


@dataclass(frozen=True, slots=True)
class Pulled:
    """One fetched node, decoded: an observation or a problem. `recognised` is the engine of a node that had none yet.

    `fingerprints` say how each measure was read, where a mapping said so.
    """

    fetched: Fetched
    observation: Observation | None
    problem: str
    samples: int = 0
    recognised: str = ""
    fingerprints: Mapping[str, str] = field(default_factory=dict)


def decode(fetched: Fetched, node: Node, reader: Reader | None = None) -> Pulled:
    """Read the body with the node's mapping, if it has one, or its engine, recognised if need be.

    Whatever is wrong is this node's problem alone.
    """
    if fetched.problem:
        return Pulled(fetched, None, fetched.problem)
    try:
        recognised = "" if node.engine else _recognised(fetched)
        if recognised is None:
            return Pulled(fetched, None, "not_recognised")
        reader = reader or Reader(ENGINES[node.engine or recognised])
        engine = reader.engine
        most = Limits(samples=min(node.pull_samples, settings.PULL_SAMPLES_CEILING))
        observation, samples = _observed(fetched, engine, most)
    except MalformedExposition as error:
        return Pulled(fetched, None, error.code)
    if isinstance(observation, str):
        return Pulled(fetched, None, observation, samples)
    if not observation.models and observation.problems:
        return Pulled(fetched, None, "no_usable_value", samples)
    if not observation.models and not engine.is_idle(family_names(fetched.body, content_type=fetched.content_type)):
        return Pulled(fetched, None, "no_samples", samples)
    return Pulled(fetched, observation, "", samples, recognised, reader.fingerprints)


def _observed(fetched: Fetched, engine: Engine, limits: Limits) -> tuple[Observation | str, int]:
    """What the body says, or the code of why it says nothing now; and how many samples. Raises `MalformedExposition`."""
    body, content_type = fetched.body, fetched.content_type
    kind = engine, content_type, limits
    if found := memory.recall(fetched.target.node_id, kind, body):
        plan, values = found
        return plan.observe(values), len(values)
    parsed = parse(body, engine.wanted, content_type=content_type, limits=limits)
    memory.miss(fetched.target.node_id, kind, body)
    samples, dropped = fresh(parsed, fetched.started_ms)
    if dropped and not samples:
        return dropped[0], len(parsed)
    observation = observe(engine, samples)
    observation.problems += dropped
    return observation, len(samples)


def _recognised(fetched: Fetched) -> str | None:
    """The engine, by what the server counts, or by what it says that it will count. Raises `MalformedExposition`."""
    names = sample_names(fetched.body, content_type=fetched.content_type)
    return recognise(names) or recognise(names | family_names(fetched.body, content_type=fetched.content_type))
