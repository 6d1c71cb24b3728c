"""Addresses of the pages of mitigations."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("mitigations", views.mitigations, name="mitigations"),
    path("mitigations/new", views.edit, name="mitigation-new"),
    path("mitigations/<slug:slug>", views.edit, name="mitigation"),
    path("mitigations/<slug:slug>/dry-run", views.dry_run, name="mitigation-dry-run"),
    path("runners", views.runners, name="runners"),
    path("runners/new", views.runner_edit, name="runner-new"),
    path("runners/<slug:slug>", views.runner_edit, name="runner"),
    path("runners/<slug:slug>/delete", views.runner_delete, name="runner-delete"),
    path("mitigation-runs/<int:pk>/decide", views.decide, name="mitigation-decide"),
    path("mitigation-runs/<int:pk>/steps", views.tick, name="mitigation-tick"),
    path("incidents/<int:pk>/mitigations", views.start, name="mitigation-start"),
    path("mitigation-runs/<int:pk>/finish", views.finish, name="mitigation-finish"),
]
