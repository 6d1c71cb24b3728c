"""Where the bytes of attachments lie, by their SHA-256.

On SQLite, and wherever ``WATCHROOM_ATTACHMENTS`` names a directory (shared by all nodes), they are files. With PostgreSQL
and no such directory they are rows of the database: nodes share nothing else, and its backup has them.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from ..kernel import settings
from ..kernel.errors import NotFound
from .models import StoredContent


def _path(place: Path, sha256: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(sha256)
    return place / sha256[:2] / sha256


def put(sha256: str, content: bytes) -> None:
    """Keep ``content``. On return it is durable; what is there already is left alone."""
    place = settings.current().attachments_directory
    if place is None:
        StoredContent.objects.get_or_create(sha256=sha256, defaults={"content": content})
        return
    path = _path(place, sha256)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def get(sha256: str) -> bytes:
    """The bytes.

    :raises NotFound: they are gone, for example because a backup was restored without the directory.
    """
    place = settings.current().attachments_directory
    if place is None:
        row = StoredContent.objects.filter(pk=sha256).first()
        if row is not None:
            return bytes(row.content)
    else:
        try:
            return _path(place, sha256).read_bytes()
        except FileNotFoundError:
            pass
    raise NotFound("The content of this attachment is gone.", field="attachment", value=sha256[:12])


def remove(sha256: str) -> None:
    """Forget the bytes."""
    place = settings.current().attachments_directory
    if place is None:
        StoredContent.objects.filter(pk=sha256).delete()
    else:
        _path(place, sha256).unlink(missing_ok=True)
