"""The queries that a source asks, in PromQL: which nodes there are, and what some of them showed up to a moment."""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from inference_kpis.engines import ENGINES
from inference_kpis.engines.engine import PROCESS_START
from inference_kpis.engines.recognition import SIGNATURES
from inference_kpis.push.assembly import UP

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# The label by which the index says whose series a node shows.
FOUND_ENGINE = "vigie_engine"
_MATCHER = r'[a-zA-Z_][a-zA-Z0-9_]*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*"'
SELECTOR = re.compile(rf"\{{\s*(?:{_MATCHER}\s*(?:,\s*{_MATCHER}\s*)*,?)?\s*\}}")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a source looks at: a selector in braces or '', the label that names a node, labels that say more of it.

    `engine` is the key of the only engine whose series are asked for, '' for every engine that can be told by its series.
    """

    selector: str = ""
    node_label: str = "instance"
    labels: tuple[str, ...] = ()
    engine: str = ""


def is_selector(text: str) -> bool:
    """Whether this is a selector of label matchers in braces and nothing else, such as `{job="vllm"}`."""
    return SELECTOR.fullmatch(text) is not None


def index_query(scope: Scope) -> str:
    """Counts the series of each node and engine: an instant vector with the labels that say what a node is."""
    by = ", ".join(dict.fromkeys((scope.node_label, "instance", "job", *scope.labels)))
    engines = [scope.engine] if scope.engine else sorted(SIGNATURES)
    return " or ".join(
        f"label_replace(count by ({by}) ({_selector(_telling(engine, scope), scope)}),"
        f' "{FOUND_ENGINE}", "{engine}", "", "")'
        for engine in engines
    )


def samples_query(scope: Scope, engine: str, nodes: Collection[str], seconds: int) -> str:
    """The samples of these nodes in the seconds up to the moment asked about, as they were scraped: a matrix."""
    names = {name.decode() for name in ENGINES[engine].wanted} | {UP}
    return f"{_selector(names, scope, nodes)}[{seconds}s]"


def _telling(engine: str, scope: Scope) -> set[str]:
    """The names that tell the engine: all of them once it is chosen, those that no other has otherwise."""
    names = {name.decode() for name in ENGINES[engine].wanted} - {PROCESS_START}
    return names if scope.engine else {name for name in names if name.startswith(SIGNATURES[engine])}


def _selector(names: Iterable[str], scope: Scope, nodes: Collection[str] = ()) -> str:
    matchers = [f"__name__=~{_any_of(names)}"]
    matchers.append(f"{scope.node_label}=~{_any_of(nodes)}" if nodes else f'{scope.node_label}!=""')
    inner = scope.selector.strip().removeprefix("{").removesuffix("}").strip().rstrip(",")
    return f"{{{', '.join([*matchers, *([inner] if inner else [])])}}}"


def _any_of(texts: Iterable[str]) -> str:
    """A regular expression of exactly these texts, quoted: PromQL reads the escapes of JSON."""
    return json.dumps("|".join(map(re.escape, sorted(texts))), ensure_ascii=False)
