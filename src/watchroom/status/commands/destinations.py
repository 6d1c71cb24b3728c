"""Copies of a public page in S3-compatible storage, renewed on each change."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...kernel import clock, http
from ...kernel.db import claimable
from ...kernel.errors import Refused, WatchroomError
from ..models import Destination, StatusPage
from ..rules.retries import again_after
from ..storage import Bucket

LEASE = timedelta(minutes=10)
_CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LAST_PAUSE = timedelta(hours=1)  # unlike a message, a copy is worth trying for ever


def save_destination(
    by: Actor,
    page: StatusPage,
    *,
    endpoint: str,
    bucket: str,
    region: str = "us-east-1",
    prefix: str = "",
    access_key: str | None = None,
    secret_key: str | None = None,
) -> Destination:
    """Copy ``page`` to a bucket from now on. Keys that are None stay as they are.

    :raises Refused: an address, a name or a key is not accepted, or the page is not public.
    """
    if not page.public:
        raise Refused(
            "Only a public page is copied to storage.", field="public", value=False, fix="Make the page public first."
        )
    endpoint = http.check_url(endpoint, field="endpoint").rstrip("/")
    if not _BUCKET.fullmatch(bucket):
        raise Refused("That is not the name of a bucket.", field="bucket", value=bucket[:63], fix="Use its bare name.")
    prefix = prefix.strip().strip("/")
    if len(prefix) > 200 or ".." in prefix:
        raise Refused("That prefix is not accepted.", field="prefix", value=prefix[:200], fix="Use status or a/b.")
    row = Destination.objects.filter(page=page).first()
    keys = dict(row.keys) if row else {}
    keys |= {
        name: value.strip()
        for name, value in (("access_key", access_key), ("secret_key", secret_key))
        if value and value.strip()
    }
    for name in ("access_key", "secret_key"):
        if not keys.get(name):
            raise Refused(
                "A key is missing.", field=name, value="", fix="Enter the keys of a user who may write there."
            )
    with change(by, "status_page.destination_set", page, needs=Action.MANAGE, team=page.team) as made:
        row = row or Destination(page=page)
        moved_away = (row.endpoint, row.bucket, row.prefix) != (endpoint, bucket, prefix)
        row.endpoint, row.region, row.bucket, row.prefix = endpoint, region.strip() or "us-east-1", bucket, prefix
        row.keys, row.problem, row.tried, row.due_at = keys, "", 0, made.at
        row.pushed = {} if moved_away else row.pushed
        row.save()
        made.note(endpoint=endpoint, bucket=bucket, prefix=prefix)
        made.touch(f"status:{page.pk}")
        made.due()
    return row


def remove_destination(by: Actor, page: StatusPage) -> None:
    """Copy no more. What lies there stays."""
    with change(by, "status_page.destination_removed", page, needs=Action.MANAGE, team=page.team) as made:
        Destination.objects.filter(page=page).delete()
        made.touch(f"status:{page.pk}")


def push_due() -> bool:
    """Renew one copy that is due. Whether there was one."""
    now = clock.now()
    with transaction.atomic():
        due = Destination.objects.filter(due_at__lte=now).order_by("due_at").select_related("page__team")
        row = claimable(due).first()
        if row is None:
            return False
        row.due_at = now + LEASE
        row.save(update_fields=["due_at"])
    problem = ""
    try:
        _push(row)
    except WatchroomError as error:
        problem = str(error)[:300]
    _record(row, problem)
    return True


def _push(row: Destination) -> None:
    """What differs from what lies there; nothing lies there of a page that is not public any more."""
    from ..public.copies import files

    bucket = Bucket(row.endpoint, row.region, row.bucket, row.keys["access_key"], row.keys["secret_key"])
    made = files(row.page) if row.page.public else {}
    lies_there = dict(row.pushed)
    try:
        for path, document in made.items():
            digest = hashlib.sha256(document.body).hexdigest()
            if lies_there.get(path) != digest:
                bucket.put(_key(row, path), document.body, document.content_type, _CACHE)
                lies_there[path] = digest
        for path in [path for path in lies_there if path not in made]:
            bucket.delete(_key(row, path))
            del lies_there[path]
    finally:
        row.pushed = lies_there


def _key(row: Destination, path: str) -> str:
    return f"{row.prefix}/{path}" if row.prefix else path


def _record(row: Destination, problem: str) -> None:
    now = clock.now()
    tried = row.tried + 1 if problem else 0
    pause = (again_after(tried) or _LAST_PAUSE) if problem else None
    Destination.objects.filter(pk=row.pk).update(
        pushed=row.pushed, problem=problem, tried=tried, **({} if problem else {"pushed_at": now})
    )
    # If the page has changed meanwhile, it is due already, and stays so.
    Destination.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=now + pause if pause else _midnight(now))


def _midnight(now: datetime) -> datetime:
    """A day later each bar is another one, even if nothing has happened."""
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=5, microsecond=0)
