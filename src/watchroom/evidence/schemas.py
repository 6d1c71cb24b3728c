"""What the API of evidence takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

from ..connectors.base import Connector
from ..kernel.plugins import all_of
from ..kernel.times import Instant
from .commands.connections import GROUP
from .models import Change, Connection, Indicator, Snapshot

BIGGEST = 2**63 - 1
IndicatorKind = Literal[
    "error_rate",
    "latency",
    "availability",
    "traffic",
    "saturation",
    "metric",
    "logs",
    "traces",
    "changes",
    "dashboards",
]
Unit = Literal["", "ratio", "percent", "seconds", "milliseconds", "bytes", "per_second", "bytes_per_second"]
ChangeKind = Literal["deploy", "config", "flag", "other"]


class ConnectionOut(Schema):
    """A server that is asked for evidence. Secrets are never given out."""

    slug: str
    name: str
    team: str = Field(description="Slug.")
    kind: str
    settings: dict[str, Any] = Field(description="Without secrets.")
    secrets_set: list[str] = Field(description="Names of the secrets that are set.")
    tried_at: datetime | None
    error: str = Field(description="What went wrong the last time; empty: it answered, or was not asked.")

    @classmethod
    def of(cls, row: Connection) -> ConnectionOut:
        connector: Connector | None = all_of(GROUP).get(row.kind)
        secret = {each.name for each in connector.fields if each.secret} if connector else set(row.settings)
        return cls(
            slug=row.slug,
            name=row.name,
            team=row.team.slug,
            kind=row.kind,
            settings={name: value for name, value in row.settings.items() if name not in secret},
            secrets_set=sorted(secret & set(row.settings)),
            tried_at=row.tried_at,
            error=row.error,
        )


class ConnectionIn(Schema):
    """A connection. A secret that is left out stays what it is while the address stays the same."""

    name: str
    team: str = Field(description="Slug.")
    kind: str = Field(description="grafana, jaeger, loki, prometheus, tempo, zipkin, or an installed one.")
    slug: str = Field("", description="Left out, it is made of the name.")
    settings: dict[str, str] = Field(description="What the kind asks for: url, username, password, token, …")


class ConnectionTriedOut(Schema):
    """What came of trying a connection."""

    ok: bool
    text: str = Field(description="What the server answered, or why it could not be asked.")


class IndicatorOut(Schema):
    """What a service is judged by."""

    id: int
    service: str = Field(description="Slug.")
    connection: str = Field(description="Slug.")
    kind: IndicatorKind
    name: str
    expression: str
    unit: Unit
    threshold: float | None
    worse: Literal["above", "below"]
    position: int

    @classmethod
    def of(cls, row: Indicator) -> IndicatorOut:
        return cls(
            id=row.pk,
            service=row.service.slug,
            connection=row.connection.slug,
            kind=row.kind,  # type: ignore[arg-type]
            name=row.name,
            expression=row.expression,
            unit=row.unit,  # type: ignore[arg-type]
            threshold=row.threshold,
            worse=row.worse,  # type: ignore[arg-type]
            position=row.position,
        )


class IndicatorIn(Schema):
    """An indicator."""

    service: str = Field(description="Slug.")
    connection: str = Field(description="Slug.")
    kind: IndicatorKind
    name: str = ""
    expression: str = Field(description="$service, $labels and $labels.name are filled in.")
    unit: Unit = ""
    threshold: float | None = None
    worse: Literal["above", "below"] = "above"
    position: int = Field(0, ge=0, le=32767)


class ChangeOut(Schema):
    """Something that was changed."""

    id: int
    service: str = Field(description="Slug.")
    at: datetime
    kind: ChangeKind
    title: str
    version: str
    author: str
    link: str
    source: str

    @classmethod
    def of(cls, row: Change) -> ChangeOut:
        return cls(
            id=row.pk,
            service=row.service.slug,
            at=row.at,
            kind=row.kind,  # type: ignore[arg-type]
            title=row.title,
            version=row.version,
            author=row.author,
            link=row.link,
            source=row.source,
        )


class ChangeIn(Schema):
    """A change to write down."""

    service: str = Field(description="Slug.")
    title: str
    kind: ChangeKind = "deploy"
    at: Instant | None = Field(None, description="Left out: now.")
    version: str = ""
    author: str = Field("", description="Left out: whoever tells.")
    link: str = ""
    source: str = Field("", description="What tells, such as “GitHub Actions”.")
    client_key: str = Field("", max_length=100, description="Sent again with the same key, it is one change.")


class SnapshotOut(Schema):
    """What was kept. ``data`` is what the picture is drawn from; only given for a single one."""

    id: int
    incident: int | None
    alert_group: int | None
    kind: str
    title: str
    query: str
    source: str
    link: str
    taken_at: datetime
    taken_by: int | None = Field(description="The person's id; null: Watchroom itself.")
    data: dict[str, Any] | None = None

    @classmethod
    def of(cls, row: Snapshot, *, whole: bool = False) -> SnapshotOut:
        return cls(
            id=row.pk,
            incident=row.incident_id,
            alert_group=row.group_id,
            kind=row.kind,
            title=row.title,
            query=row.query,
            source=row.source,
            link=row.link,
            taken_at=row.taken_at,
            taken_by=row.taken_by_id,
            data=row.data if whole else None,
        )


class SnapshotIn(Schema):
    """Keep an item of evidence: exactly one of ``incident`` and ``alert_group``."""

    incident: int | None = Field(None, ge=1, le=BIGGEST)
    alert_group: int | None = Field(None, ge=1, le=BIGGEST)
    item: str = Field(description="The item's key.")


class ItemOut(Schema):
    """One thing that can be looked at."""

    key: str
    kind: str
    title: str
    connection: str = Field(description="Slug.")
    expression: str
    unit: str


class EvidenceOut(Schema):
    """What there is to see."""

    start: datetime
    end: datetime
    items: list[ItemOut]
    changes: list[ChangeOut]


class SeenOut(Schema):
    """What was found: ``data``, or ``error``."""

    key: str
    kind: str
    data: dict[str, Any] | None
    error: str
