"""Files that bots sent."""

import struct
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sandbox.telegram.body import Upload
from sandbox.telegram.refusal import RefusalError, bad_request

_LARGEST_DOCUMENT = 50 * 1024 * 1024
_LARGEST_PHOTO = 10 * 1024 * 1024
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`size` of a photo is (width, height) in pixels, None for a document."""

    file_id: str
    unique_id: str
    path: str
    upload: Upload
    size: tuple[int, int] | None

    def as_document(self) -> dict[str, Any]:
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_name": self.upload.name,
            "mime_type": self.upload.content_type,
            "file_size": len(self.upload.content),
        }

    def as_photo(self) -> list[dict[str, Any]]:
        width, height = self.size or (0, 0)
        return [
            {
                "file_id": self.file_id,
                "file_unique_id": self.unique_id,
                "width": width,
                "height": height,
                "file_size": len(self.upload.content),
            }
        ]

    def as_file(self) -> dict[str, Any]:
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.upload.content),
            "file_path": self.path,
        }


class FileStore:
    """Documents and photos by file_id, in memory."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}

    def add_document(self, upload: Upload) -> StoredFile:
        """RefusalError if it is empty or above 50 MB."""
        _check_size(upload, _LARGEST_DOCUMENT)
        return self._add(upload, "documents", "BQAC", None)

    def add_photo(self, upload: Upload) -> StoredFile:
        """RefusalError if it isn't a PNG or JPEG, is above 10 MB, or has sides that Telegram refuses."""
        _check_size(upload, _LARGEST_PHOTO)
        size = _pixels(upload.content)
        if size is None:
            raise bad_request("IMAGE_PROCESS_FAILED")
        if min(size) < 1 or sum(size) > 10_000 or max(size) > 20 * min(size):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        return self._add(upload, "photos", "AgAC", size)

    def get(self, file_id: str) -> StoredFile | None:
        return self._by_id.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        return next((file for file in self._by_id.values() if file.path == path), None)

    def _add(self, upload: Upload, folder: str, prefix: str, size: tuple[int, int] | None) -> StoredFile:
        number = len(self._by_id) + 1
        path = f"{folder}/file_{number}{PurePath(upload.name).suffix}"
        file = StoredFile(f"{prefix}-sandbox-{number}", f"unique-{number}", path, upload, size)
        self._by_id[file.file_id] = file
        return file


def _check_size(upload: Upload, largest: int) -> None:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > largest:
        raise RefusalError(413, "Request Entity Too Large")


def _pixels(content: bytes) -> tuple[int, int] | None:
    """(width, height) of a PNG or JPEG, None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if not content.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = struct.unpack(">BH", content[at + 1 : at + 4])
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
