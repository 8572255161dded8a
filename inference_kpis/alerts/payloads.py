"""What web hooks are sent: plain values in, bytes and headers out. One JSON of our own, and what chat servers expect."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

# A zero-width space behind it keeps a name out of a chat's mentions.
ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a message: an alert and what happened to it. Values are in `unit`."""

    alert: int
    rule: str
    severity: str
    subject: str
    happened: str
    at: str
    value: float | None
    threshold: float | None
    unit: str
    url: str


def own_json(delivery: str, status: str, headline: str, told: Sequence[Told]) -> bytes:
    """The JSON of a plain web hook; documented in docs/operations.md."""
    payload = {
        "version": 1,
        "delivery": delivery,
        "status": status,
        "headline": headline,
        "alerts": [asdict(each) for each in told],
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, body: bytes, now: datetime) -> str:
    """`t=…,v1=…`: HMAC-SHA-256 of the time in seconds, a dot and the body. The time lets a receiver refuse replays."""
    seconds = int(now.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def chat_json(kind: str, text: str) -> bytes:
    """A text as Slack, Mattermost or Teams take it from an incoming web hook, with nothing in it that they act on."""
    payload: Mapping[str, object]
    match kind:
        case "slack":
            payload = {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
        case "mattermost":
            payload = {"text": text.replace("@", f"@{ZERO_WIDTH_SPACE}")}
        case "teams":
            block = {"type": "TextBlock", "text": text, "wrap": True}
            card = {"type": "AdaptiveCard", "version": "1.4", "body": [block]}
            attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
            payload = {"type": "message", "attachments": [attachment]}
        case _:
            raise ValueError(f"{kind} is no chat")
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
