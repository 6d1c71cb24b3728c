"""Files and pasted images come in, and go when nothing needs them."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from ...accounts.actors import Actor
from ...kernel import clock
from ...kernel.errors import Refused
from .. import store
from ..models import Attachment, Incident
from ..rules import files
from ._shared import acting_in

MOST = 500  # in one incident
LEFT_ALONE = timedelta(days=1)  # so long a file may wait for the entry that it belongs to


def attach(by: Actor, incident: Incident, name: str, content: bytes) -> Attachment:
    """Keep a file for an entry of this log. The same file by the same person, not yet under an entry, is one.

    :raises Refused: empty, too large, of a kind that is not taken, or there are very many already.
    """
    if not content:
        raise Refused("The file is empty.", field="file", value=name, fix="Choose another.")
    if len(content) > files.LARGEST:
        raise Refused(
            "The file is too large.",
            field="file",
            value=f"{len(content)} bytes",
            fix=f"Use at most {files.LARGEST // 1024 // 1024} MB; put larger ones elsewhere and write down the link.",
        )
    type = files.type_of(content)
    if type is None:
        raise Refused(
            "Files of this kind are not taken.",
            field="file",
            value=name,
            fix="Use an image (PNG, JPEG, GIF, WebP), text, PDF, ZIP or gzip.",
        )
    sha256 = hashlib.sha256(content).hexdigest()
    with acting_in(by, "attachment.added", incident, only_log=True) as (made, row):
        rows = Attachment.objects.filter(incident=row)
        there = rows.filter(sha256=sha256, by=by.person, entry__isnull=True).first()
        if there is not None:
            made.note(repeated=True)
            return there
        if rows.count() >= MOST:
            raise Refused(f"There are {MOST} attachments in this incident already.", field="file", value=name)
        store.put(sha256, content)
        attachment = Attachment(
            incident=row, sha256=sha256, name=files.name_for(name, type), type=type, size=len(content), at=made.at,
            by=by.person,
        )  # fmt: skip
        made.history(attachment)
        made.note(attachment=attachment.pk, name=attachment.name, size=attachment.size)
    return attachment


def forget_unused(most: int = 100) -> int:
    """Remove files that were sent and never put under an entry, and bytes that nothing needs. How many files went."""
    old = Attachment.objects.filter(entry__isnull=True, at__lte=clock.now() - LEFT_ALONE).order_by("at")[:most]
    gone = list(old)
    for attachment in gone:
        attachment.delete()
        if not Attachment.objects.filter(sha256=attachment.sha256).exists():
            store.remove(attachment.sha256)
    return len(gone)
