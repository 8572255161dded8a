"""BentoML: a service that gives its text back and fails on `bad`."""

import bentoml


@bentoml.service(name="echo", workers=1)
class Echo:
    @bentoml.api
    def generate(self, text: str) -> str:
        if text == "bad":
            raise RuntimeError
        return text
