"""Every engine that can be chosen, by key, in the order of their names; any other server comes last."""

from inference_kpis.engines.bentoml import BENTOML
from inference_kpis.engines.dcgm import DCGM
from inference_kpis.engines.engine import Engine
from inference_kpis.engines.generic import GENERIC
from inference_kpis.engines.infinity import INFINITY
from inference_kpis.engines.kserve import KSERVE
from inference_kpis.engines.litellm import LITELLM
from inference_kpis.engines.llama_cpp import LLAMA_CPP
from inference_kpis.engines.lmdeploy import LMDEPLOY
from inference_kpis.engines.mlserver import MLSERVER
from inference_kpis.engines.nim import NIM
from inference_kpis.engines.openvino import OPENVINO
from inference_kpis.engines.plans import Plan, observe, plan_for
from inference_kpis.engines.ray_serve import RAY_SERVE
from inference_kpis.engines.sglang import SGLANG
from inference_kpis.engines.tei import TEI
from inference_kpis.engines.tensorflow_serving import TENSORFLOW_SERVING
from inference_kpis.engines.tensorrt_llm import TENSORRT_LLM
from inference_kpis.engines.tgi import TGI
from inference_kpis.engines.torchserve import TORCHSERVE
from inference_kpis.engines.triton import TRITON
from inference_kpis.engines.vllm import VLLM

ENGINES: dict[str, Engine] = {
    engine.key: engine
    for engine in (
        *(BENTOML, INFINITY, KSERVE, LITELLM, LLAMA_CPP, LMDEPLOY, MLSERVER, DCGM, NIM, OPENVINO, RAY_SERVE, SGLANG),
        *(TENSORFLOW_SERVING, TENSORRT_LLM, TEI, TGI, TORCHSERVE, TRITON, VLLM),
        GENERIC,
    )
}

__all__ = ["ENGINES", "Engine", "Plan", "observe", "plan_for"]
