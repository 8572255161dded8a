"""MLServer: a model that gives nothing back and fails on negative numbers."""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse


class Echo(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        if payload.inputs[0].data[0] < 0:
            raise RuntimeError
        return InferenceResponse(model_name=self.name, outputs=[])
