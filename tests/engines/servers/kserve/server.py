"""KServe: a model that gives its numbers back and fails on negative ones."""

from typing import Any

from kserve import Model, ModelServer


class Echo(Model):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ready = True

    async def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
        if payload["instances"][0] < 0:
            raise RuntimeError
        return {"predictions": payload["instances"]}


ModelServer(http_port=18100, enable_grpc=False).start([Echo("echo")])
