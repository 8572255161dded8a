"""From nodes to the engines that read them: those of the code, and the compiled mappings, remembered by version.

Every process asks for the version at each pull, and compiles one that it has not seen: a change counts from the next
pull on, everywhere, and a batch of nodes costs one query, or none where no node could have a mapping.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from inference_kpis.engines import ENGINES, Engine
from inference_kpis.engines.generic import GENERIC
from inference_kpis.engines.mapping import Content, compiled, fingerprints, from_json
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import NodeMapping, SeriesMappingVersion


@dataclass(frozen=True)
class Reader:
    """An engine, and how it reads each measure that is counted on; `key` is of one version, '' for the code's own."""

    engine: Engine
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


Readers = Mapping[int, Reader]


def readers_of(nodes: Iterable[Node]) -> Readers:
    """The reader of each of these nodes that has a mapping, by the node's id."""
    generic = [node.pk for node in nodes if node.engine == GENERIC.key]
    if not generic:
        return {}
    found = NodeMapping.objects.filter(node__in=generic).values_list("node_id", "mapping_id", "mapping__version")
    return {node_id: reader_of_version(mapping_id, version) for node_id, mapping_id, version in found}


def reader_for(node: Node, readers: Readers) -> Reader:
    """The reader of a node whose engine is known."""
    return readers.get(node.pk) or Reader(ENGINES[node.engine])


@lru_cache(maxsize=1000)
def reader_of_version(mapping_id: int, version: int) -> Reader:
    """The compiled version; versions never change. Raises `SeriesMappingVersion.DoesNotExist`."""
    saved = SeriesMappingVersion.objects.select_related("mapping").get(mapping_id=mapping_id, number=version)
    content = from_json(saved.content)
    return Reader(compiled(content, saved.mapping.name), fingerprints(content), f"{GENERIC.key}:{mapping_id}:{version}")


def content_of(mapping_id: int, version: int) -> Content | None:
    """What a version says; None when there is no such version."""
    saved = SeriesMappingVersion.objects.filter(mapping_id=mapping_id, number=version).first()
    return from_json(saved.content) if saved else None
