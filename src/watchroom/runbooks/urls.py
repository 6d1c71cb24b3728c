"""Addresses of the pages of runbooks."""

from __future__ import annotations

from django.urls import path

from .views import editing, library, offers, running

urlpatterns = [
    path("runbooks", library.index, name="runbooks"),
    path("runbooks/new", editing.edit, name="runbook-new"),
    path("runbooks/paste", editing.paste, name="runbook-paste"),
    path("runbooks/<slug:slug>.md", library.markdown, name="runbook-markdown"),
    path("runbooks/<slug:slug>", library.show, name="runbook"),
    path("runbooks/<slug:slug>/edit", editing.edit, name="runbook-edit"),
    path("runbooks/<slug:slug>/paste", editing.paste, name="runbook-paste-into"),
    path("runbooks/<slug:slug>/review", library.review, name="runbook-review"),
    path("runbooks/<slug:slug>/links", library.check_links, name="runbook-links"),
    path("runbooks/<slug:slug>/delete", library.delete, name="runbook-delete"),
    path("runbooks/<slug:slug>/versions", library.versions, name="runbook-versions"),
    path("runbooks/<slug:slug>/versions/<int:version>", library.show, name="runbook-version"),
    path("runbooks/<slug:slug>/versions/<int:version>/take-back", library.take_back, name="runbook-take-back"),
    path("runbooks/<slug:slug>/start", running.start, name="runbook-start"),
    path("runbook-offers/incidents/<int:pk>", offers.for_incident, name="incident-runbooks"),
    path("runbook-offers/alerts/<int:pk>", offers.for_group, name="alert-group-runbooks"),
    path("runbook-runs", running.runs, name="runbook-runs"),
    path("runbook-runs/<int:pk>", running.run, name="runbook-run"),
    path("runbook-runs/<int:pk>/finish", running.finish, name="runbook-run-finish"),
    path("runbook-runs/<int:pk>/mend", running.mend, name="runbook-run-mend"),
    path("runbook-runs/<int:pk>/steps/<slug:key>", running.step, name="runbook-run-step"),
    path("runbook-runs/<int:pk>/steps/<slug:key>/answers/<int:number>", running.answer, name="runbook-run-answer"),
]
