"""Addresses of evidence."""

from __future__ import annotations

from django.urls import path, register_converter

from . import views


class SubjectConverter:
    """What evidence can be about."""

    regex = "groups|incidents"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SubjectConverter, "evidence_subject")
_OF = "evidence/<evidence_subject:about>/<int:pk>"

urlpatterns = [
    path(_OF, views.section, name="evidence"),
    path(f"{_OF}/items/<slug:key>", views.item, name="evidence-item"),
    path(f"{_OF}/items/<slug:key>/keep", views.keep, name="evidence-keep"),
    path(f"{_OF}/items/<slug:key>/traces/<str:trace_id>", views.trace, name="evidence-trace"),
    path("snapshots/<int:pk>", views.snapshot, name="snapshot"),
    path("snapshots/<int:pk>/delete", views.snapshot_delete, name="snapshot-delete"),
    path("connections", views.connections, name="connections"),
    path("connections/new", views.connection_edit, name="connection-new"),
    path("connections/<slug:slug>", views.connection_edit, name="connection"),
    path("connections/<slug:slug>/delete", views.connection_delete, name="connection-delete"),
    path("services/<slug:service>/indicators/new", views.indicator_edit, name="indicator-new"),
    path("indicators/<int:pk>", views.indicator_edit, name="indicator"),
    path("indicators/<int:pk>/delete", views.indicator_delete, name="indicator-delete"),
    path("changes", views.changes, name="changes"),
]
