"""Keeping contents, and finding those that are not what they were."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from readiness.blobs.models import Blob


def keep(content: bytes, now: datetime) -> Blob:
    """The blob of this content, kept once whoever brings it; part of the caller's transaction."""
    digest = sha256(content).hexdigest()
    blob, _ = Blob.objects.update_or_create(
        sha256=digest,
        defaults={"kept_at": now},
        create_defaults={"content": content, "size": len(content), "kept_at": now},
    )
    return blob


def damaged() -> Iterator[str]:
    """The names of the blobs whose content has another digest or size than it had; reads all of them, one at a time."""
    for blob in Blob.objects.order_by("pk").iterator(chunk_size=1):
        content = bytes(blob.content)
        if sha256(content).hexdigest() != blob.sha256 or len(content) != blob.size:
            yield blob.sha256
