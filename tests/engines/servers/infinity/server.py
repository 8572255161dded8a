"""infinity without its models: the middleware that it mounts, around a page that fails on `bad`."""

import uvicorn
from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()
Instrumentator().instrument(app).expose(app)


@app.post("/embeddings")
async def embeddings(body: dict) -> dict:
    if body["input"] == "bad":
        raise RuntimeError
    return {"data": []}


@app.get("/health")
async def health() -> dict:
    return {}


uvicorn.run(app, host="127.0.0.1", port=18110)
