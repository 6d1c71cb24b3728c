"""Addresses of the pages of incidents."""

from __future__ import annotations

from django.urls import path

from .views import listing, log, room

urlpatterns = [
    path("incidents", listing.incidents, name="incidents"),
    path("incidents/declare", listing.declare, name="declare"),
    path("incidents/<int:pk>", room.incident, name="incident"),
    path("incidents/<int:pk>/summary", room.summary, name="incident-summary"),
    path("incidents/<int:pk>/scope", room.scope, name="incident-scope"),
    path("incidents/<int:pk>/severity", room.severity, name="incident-severity"),
    path("incidents/<int:pk>/status", room.status, name="incident-status"),
    path("incidents/<int:pk>/roles", room.role, name="incident-role"),
    path("incidents/<int:pk>/alerts", room.alerts, name="incident-alerts"),
    path("incidents/<int:pk>/updates", room.update, name="incident-updates"),
    path("incidents/<int:pk>/times/<slug:moment>", room.time, name="incident-time"),
    path("incidents/<int:pk>/nudges/<int:nudge>", room.nudge, name="nudge-answer"),
    path("incidents/<int:pk>/log", log.log, name="incident-log"),
    path("roles/<int:pk>", room.role_answer, name="role-answer"),
    path("log/<int:pk>", log.entry, name="log-entry"),
    path("log/<int:pk>/mark", log.mark, name="log-mark"),
]
