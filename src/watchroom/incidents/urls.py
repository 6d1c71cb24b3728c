"""Addresses of the pages of incidents."""

from __future__ import annotations

from django.urls import path

from .views import attachments, guidance, links, listing, log, room, severities, types, updates, work

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
    path("incidents/<int:pk>/updates", updates.updates, name="incident-updates"),
    path("incidents/<int:pk>/updates/discard", updates.discard, name="update-draft-discard"),
    path("incidents/<int:pk>/type", types.type_of, name="incident-type-of"),
    path("incidents/<int:pk>/links", links.link, name="incident-links"),
    path("incident-types", types.types, name="incident-types"),
    path("incident-types/new", types.type, name="incident-type-new"),
    path("incident-types/<slug:slug>", types.type, name="incident-type"),
    path("incident-types/<slug:slug>/delete", types.delete_type, name="incident-type-delete"),
    path("severities", severities.severities, name="severities"),
    path("severities/<int:level>", severities.severity, name="severity"),
    path("guidance", guidance.guidance, name="guidance"),
    path("update-templates", updates.templates, name="update-templates"),
    path("update-templates/new", updates.template, name="update-template-new"),
    path("update-templates/<slug:slug>", updates.template, name="update-template"),
    path("update-templates/<slug:slug>/delete", updates.delete_template, name="update-template-delete"),
    path("incidents/<int:pk>/times/<slug:moment>", room.time, name="incident-time"),
    path("incidents/<int:pk>/nudges/<int:nudge>", room.nudge, name="nudge-answer"),
    path("incidents/<int:pk>/log", log.log, name="incident-log"),
    path("incidents/<int:pk>/words", log.say_words, name="incident-words"),
    path("incidents/<int:pk>/board", work.board, name="incident-board"),
    path("incidents/<int:pk>/tasks", work.tasks, name="incident-tasks"),
    path("incidents/<int:pk>/parking", work.parking, name="incident-parking"),
    path("incidents/<int:pk>/attachments", attachments.attachments, name="incident-attachments"),
    path("tasks/<int:pk>", work.task, name="task"),
    path("parking/<int:pk>", work.parked, name="parked"),
    path("attachments/<int:pk>", attachments.attachment, name="attachment"),
    path("roles/<int:pk>", room.role_answer, name="role-answer"),
    path("log/<int:pk>", log.entry, name="log-entry"),
    path("log/<int:pk>/mark", log.mark, name="log-mark"),
    path("log/<int:pk>/turn", log.turn, name="log-turn"),
]
