"""Ray Serve: an application that gives its number back and fails on negative ones."""

import threading
from typing import Any

import ray
from ray import serve
from starlette.requests import Request


@serve.deployment
class Echo:
    async def __call__(self, request: Request) -> Any:
        body = await request.json()
        if body["x"] < 0:
            raise RuntimeError
        return body


ray.init(include_dashboard=False, _metrics_export_port=18120, num_cpus=2)
serve.start(http_options={"host": "127.0.0.1", "port": 18121})
serve.run(Echo.bind(), name="echo", route_prefix="/echo")
threading.Event().wait()
