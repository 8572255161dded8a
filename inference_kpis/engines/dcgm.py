"""The NVIDIA DCGM exporter: the accelerators of a machine, whatever serves on them.

It looks every 30 seconds unless told otherwise, so single pulls repeat values. A GPU that is shared is shown once for
each of its parts or pods, and power and energy are those of the whole. Energy is mJ, utilisation is percent.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, source

ONE_GPU = ("UUID", "uuid")
FRAMEBUFFER = ("DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE", "DCGM_FI_DEV_FB_RESERVED")

DCGM = Engine(
    key="dcgm",
    label="NVIDIA DCGM",
    default_port=9400,
    default_path="/metrics",
    model_labels=(),
    sources=(
        source("energy", Series("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", scale=1e-3, one_per=ONE_GPU)),
        source("power", Series("DCGM_FI_DEV_POWER_USAGE", one_per=ONE_GPU)),
        source(
            "accelerator_utilisation",
            Series("DCGM_FI_DEV_GPU_UTIL", scale=0.01),
            Series("DCGM_FI_PROF_GR_ENGINE_ACTIVE"),
            combine=Combine.MAXIMUM,
        ),
        source(
            "accelerator_memory_usage", Series("DCGM_FI_DEV_FB_USED", per=FRAMEBUFFER, one_per=(*ONE_GPU, "GPU_I_ID"))
        ),
    ),
)
