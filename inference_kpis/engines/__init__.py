"""Every engine that can be chosen, by key, in the order of their names; any other server comes last."""

from inference_kpis.engines.engine import Engine, observe
from inference_kpis.engines.generic import GENERIC
from inference_kpis.engines.triton import TRITON
from inference_kpis.engines.vllm import VLLM

ENGINES: dict[str, Engine] = {engine.key: engine for engine in (TRITON, VLLM, GENERIC)}

__all__ = ["ENGINES", "Engine", "observe"]
