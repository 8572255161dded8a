"""The stream of an OpenAI-compatible chat answer, read as it comes: bytes in, and whether a token was among them.

Server-sent events by the rules of the HTML standard, as far as these servers use them: `data:` lines, an empty line ends
an event, `[DONE]` ends the stream. Nothing of the text is kept.
"""

import json
from dataclasses import dataclass, field

from inference_kpis.pull.problems import PullFailed

# One event of a token is a few hundred bytes; the last one may carry a count of what was used.
LONGEST_EVENT_BYTES = 64 * 1024


@dataclass
class ChatStream:
    """What was understood so far. `tokens` counts events with text, `is_done` says that the server ended it properly."""

    tokens: int = 0
    is_done: bool = False
    is_finished: bool = False
    _rest: bytes = b""
    _event: list[bytes] = field(default_factory=list)
    _event_bytes: int = 0

    def feed(self, chunk: bytes) -> None:
        """Read on. Raises `PullFailed`: `stream_error`, `too_large` or `malformed_stream`."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line.removesuffix(b"\r"))
        if len(self._rest) + self._event_bytes > LONGEST_EVENT_BYTES:
            raise PullFailed("too_large")

    def end(self) -> None:
        """The connection ended. Raises `PullFailed` where the answer was not whole: `cut_short` or `no_token`."""
        if not self.is_done and not self.is_finished:
            raise PullFailed("cut_short")
        if not self.tokens:
            raise PullFailed("no_token")

    def _line(self, line: bytes) -> None:
        if not line:
            data, self._event, self._event_bytes = b"\n".join(self._event), [], 0
            if data:
                self._dispatch(data)
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._event.append(value.removeprefix(b" "))
            self._event_bytes += len(line) + 1

    def _dispatch(self, data: bytes) -> None:
        if data == b"[DONE]":
            self.is_done = True
            return
        try:
            said = json.loads(data)
        except (ValueError, RecursionError):
            raise PullFailed("malformed_stream") from None
        if not isinstance(said, dict):
            raise PullFailed("malformed_stream")
        # A server that fails after the first byte keeps its status of success.
        if said.get("error"):
            raise PullFailed("stream_error")
        choices = said.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self.tokens += _has_text(choice)
                self.is_finished |= bool(choice.get("finish_reason"))


def _has_text(choice: dict[str, object]) -> bool:
    """Whether there is a token in it: a role alone is none, reasoning is one."""
    delta = choice.get("delta")
    said = delta if isinstance(delta, dict) else {}
    return any(isinstance(text := said.get(key), str) and text for key in ("content", "reasoning_content", "reasoning"))
