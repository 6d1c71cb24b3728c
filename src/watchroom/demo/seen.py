"""What the made-up company saw of its bad deploys and kept: the share of failed requests, log lines and one trace, in the
form in which answers of real servers are kept; and the deploys themselves, as pipelines tell them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ..evidence.items import BEFORE
from ..evidence.models import Change, Snapshot
from ..incidents.models import LogEntry
from .company import BAD_RELEASE
from .standing import BadDeploy, Company

_BEFORE_ALERT = timedelta(minutes=9)
_ROLLED_BACK_BEFORE = timedelta(minutes=4)  # the failures end: so long a roll-back takes
_STEP = timedelta(seconds=30)
_USUAL, _LIMIT = 0.001, 0.01
_TIMED_OUT = "canceling statement due to statement timeout"
_QUESTION = "SELECT * FROM items WHERE reference = $1"
# A span: its caller, what it is, of which service (empty: the one that was deployed), when, how long, whether it failed.
_SPANS = (
    ("", "POST /{name}", "", 0, 5064, True),
    ("1", "check the session", "sign-in", 4, 11, False),
    ("1", "read what belongs to the customer", "", 17, 5041, True),
    ("3", "get connection", "", 18, 3, False),
    ("3", _QUESTION, "{name}-database", 22, 5003, True),
    ("3", "roll back", "{name}-database", 5027, 6, False),
    ("1", "render error page", "", 5059, 4, False),
)  # fmt: skip


def seen(c: Company) -> None:
    """The deploys that broke something, their roll-backs, and what was kept of each."""
    changes: list[Change] = []
    for bad in c.bad_deploys:
        told = list(_changes(c, bad))
        changes += told
        _keep(bad, told)
    Change.objects.bulk_create(changes, batch_size=500)


def _changes(c: Company, bad: BadDeploy) -> Iterator[Change]:
    service, at = bad.group.service, bad.began - _BEFORE_ALERT
    assert service is not None
    before, after = (f"{at:%Y.%V}.{number}" for number in (11, 12))
    told = {"service": service, "source": "Pipeline", "author": str(bad.by), "is_demo": True}
    yield Change(at=at, recorded_at=at, title=BAD_RELEASE, version=after, **told)
    if bad.ended:
        at = bad.ended - _ROLLED_BACK_BEFORE
        yield Change(at=at, recorded_at=at, title=f"Back to {before}", version=before, **told)


def _keep(bad: BadDeploy, told: list[Change]) -> None:
    service = bad.group.service
    assert service is not None
    name = service.slug.removeprefix("demo-")
    chance = random.Random(f"{name} {bad.percent}")
    found: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
        (
            "chart",
            f"Failed requests of {service.name}",
            _chart(bad, told, chance),
            f'sum(rate(http_requests_total{{service="{name}",code=~"5.."}}[1m])) / sum(rate(http_requests_total{{service="{name}"}}[1m]))',
            "Fernweh's Prometheus",
        ),
        ("logs", f"Errors of {service.name}", _logs(bad, name, chance), f'{{app="{name}"}} |= "error"', "Fernweh's Loki"),
        ("trace", f"A failed request of {service.name}", _trace(bad, name, chance), name, "Fernweh's Tempo"),
    )  # fmt: skip
    for number, (kind, title, data, query, source) in enumerate(found):
        at = bad.kept_at - timedelta(seconds=20 * (len(found) - number))
        row = Snapshot.objects.create(
            incident=bad.incident, group=None if bad.incident else bad.group, kind=kind, title=title, data=data,
            query=query, source=source, taken_at=at, taken_by=bad.by,
        )  # fmt: skip
        if bad.incident:
            LogEntry.objects.create(
                incident=bad.incident, kind=LogEntry.Kind.SYSTEM, type="evidence.kept", author=bad.by, at=at, written_at=at,
                text=f"{bad.by} kept evidence: {title}", data={"snapshot": row.pk, "kind": kind, "path": f"/snapshots/{row.pk}"},
            )  # fmt: skip


def _chart(bad: BadDeploy, told: list[Change], chance: random.Random) -> dict[str, Any]:
    """The share of failed requests: next to none, rising within two minutes until the alert, falling with the roll-back."""
    start = bad.began - BEFORE
    points, at = [], start
    while at <= bad.kept_at:
        share = _USUAL + (bad.percent / 100 - _USUAL) * _how_bad(bad, at)
        points.append([at.timestamp(), round(share * chance.uniform(0.93, 1.07), 5)])
        at += _STEP
    word = "Start" if bad.incident else "Alert"
    marks: list[list[object]] = [[bad.began.timestamp(), "start", word]]
    marks += [[each.at.timestamp(), "change", f"{each.service}: {each.title}"] for each in told]
    return {
        "start": start.timestamp(), "end": bad.kept_at.timestamp(), "unit": "ratio",
        "series": [{"name": "", "points": points}], "not_drawn": 0, "notes": [],
        "thresholds": [[">", _LIMIT]], "marks": marks, "link": "",
    }  # fmt: skip


def _how_bad(bad: BadDeploy, at: datetime) -> float:
    """From 0, as ever, to 1, as bad as it became."""
    rising = (
        at - bad.began
    ).total_seconds() / 120 + 1.5  # it has been above the limit for a while when the alert fires
    falling = ((bad.ended - at).total_seconds() / 150 + 0.4) if bad.ended else 1.0
    return max(0.0, min(rising, falling, 1.0))


def _logs(bad: BadDeploy, name: str, chance: random.Random) -> dict[str, Any]:
    """Lines of the first minutes, the newest first, as Loki gives them."""
    lines, at, last = [], bad.began - timedelta(minutes=2), min(bad.began + timedelta(minutes=4), bad.kept_at)
    while (at := at + timedelta(seconds=chance.uniform(2, 16))) < last:
        request, took = f"{chance.getrandbits(32):08x}", chance.randint(5003, 5090)
        text = chance.choice(
            (
                f'level=error msg="{_TIMED_OUT}" query="{_QUESTION}" took_ms={took} request={request}',
                f'level=error msg="request failed" path=/{name} status=500 took_ms={took} request={request}',
                f'level=error msg="request failed" path=/{name} status=503 cause="no free connection" request={request}',
            )
        )
        lines.append({"at": at.timestamp(), "text": text, "labels": {"app": name, "level": "error"}})
    return {
        "start": (bad.began - BEFORE).timestamp(), "end": bad.kept_at.timestamp(), "lines": lines[::-1], "full": False,
    }  # fmt: skip


def _trace(bad: BadDeploy, name: str, chance: random.Random) -> dict[str, Any]:
    """One request that waited five seconds for a question without an index."""
    spans = [
        {
            "id": str(number), "parent": parent, "name": what.format(name=name), "service": (of or "{name}").format(name=name),
            "start_ms": float(start), "duration_ms": float(took), "failed": failed,
        }
        for number, (parent, what, of, start, took, failed) in enumerate(_SPANS, 1)
    ]  # fmt: skip
    at = bad.began + timedelta(seconds=40)
    return {"id": f"{chance.getrandbits(128):032x}", "at": at.timestamp(), "left_out": 0, "link": "", "spans": spans}
