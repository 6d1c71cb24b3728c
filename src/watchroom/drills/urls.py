"""Addresses of the pages of drills."""

from __future__ import annotations

from django.urls import path

from .views import debrief, drills, listing, scenarios

urlpatterns = [
    path("drills", listing.index, name="drills"),
    path("drills/library", listing.shelf, name="drill-library"),
    path("drills/every/<slug:team>", listing.every, name="drill-every"),
    path("drills/plan", drills.plan, name="drill-plan"),
    path("drills/scenarios/new", scenarios.edit, name="scenario-new"),
    path("drills/scenarios/<slug:slug>", scenarios.scenario, name="scenario"),
    path("drills/scenarios/<slug:slug>/edit", scenarios.edit, name="scenario-edit"),
    path("drills/scenarios/<slug:slug>/delete", scenarios.delete, name="scenario-delete"),
    path("drills/<int:pk>", drills.drill, name="drill"),
    path("drills/<int:pk>/plan", drills.plan, name="drill-change"),
    path("drills/<int:pk>/do", drills.do, name="drill-do"),
    path("drills/injects/<int:pk>", drills.inject, name="drill-inject"),
    path("drills/<int:pk>/debrief", debrief.debrief, name="drill-debrief"),
    path("drills/<int:pk>/debrief.md", debrief.document, name="drill-document"),
    path("drills/<int:pk>/debrief/do", debrief.do, name="drill-debrief-do"),
]
