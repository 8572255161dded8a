"""Which engine an exposition comes from, told by the beginnings of names that no other engine gives.

Two engines at once, such as a server that embeds another, are for a person to decide; so are the names that any HTTP
middleware gives, and those of NVIDIA NIM, which have no prefix.
"""

from collections.abc import Iterable

SIGNATURES: dict[str, tuple[str, ...]] = {
    "bentoml": ("bentoml_service_", "bentoml_api_server_"),
    "dcgm": ("DCGM_FI_",),
    "generic": ("gen_ai_server_",),
    "kserve": ("request_preprocess_seconds", "request_predict_seconds", "request_postprocess_seconds"),
    "litellm": ("litellm_",),
    "llama_cpp": ("llamacpp:",),
    "lmdeploy": ("lmdeploy:",),
    "mlserver": ("model_infer_request_",),
    "openvino": ("ovms_",),
    "ray_serve": ("ray_serve_",),
    "sglang": ("sglang:",),
    "tei": ("te_request_", "te_queue_"),
    "tensorflow_serving": (":tensorflow:",),
    "tensorrt_llm": ("trtllm_",),
    "tgi": ("tgi_",),
    "torchserve": ("ts_inference_",),
    "triton": ("nv_inference_",),
    "vllm": ("vllm:",),
}


def recognise(names: Iterable[str]) -> str | None:
    """The key of the engine that these sample names belong to; None when that is none, or more than one."""
    found = {key for name in names for key, beginnings in SIGNATURES.items() if name.startswith(beginnings)}
    return found.pop() if len(found) == 1 else None
