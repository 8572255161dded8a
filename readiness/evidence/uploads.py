"""Files on their way in: in memory or in a file without a name, and never more of one than may be kept."""

import tempfile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

MIB = 1024 * 1024
MOST_AT_ONCE = 20


class BoundedUploadHandler(FileUploadHandler):
    """Keeps a little more than the limit of each file, enough to see that it is too large; the rest is let go.

    A temporary file that never had a name is gone with its process, however that ends.
    """

    kept_bytes = 0
    kept_of_file = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.kept_of_file = 0
        self.file = tempfile.SpooledTemporaryFile(max_size=MIB)  # noqa: SIM115  closed with the request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        ceiling = max(settings.EVIDENCE_FILE_MIB * MIB, settings.INGEST_MAX_BYTES) + 1
        room = min(ceiling - self.kept_of_file, MOST_AT_ONCE * ceiling - self.kept_bytes)
        kept = raw_data[: max(room, 0)]
        self.kept_of_file += len(kept)
        self.kept_bytes += len(kept)
        self.file.write(kept)

    def file_complete(self, file_size: int) -> UploadedFile:
        self.file.seek(0)
        return UploadedFile(
            file=self.file,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
