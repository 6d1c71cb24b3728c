"""Addresses of the pages of venues."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("venues", views.index, name="venues"),
    path("venues/plans/new", views.plan, name="venue-plan-new"),
    path("venues/plans/<slug:slug>", views.plan, name="venue-plan"),
    path("venues/bridges/new", views.bridge, name="bridge-new"),
    path("venues/bridges/<slug:slug>", views.bridge, name="bridge"),
    path("incidents/<int:pk>/venues", views.of_incident, name="incident-venues"),
    path("incident-venues/<int:pk>", views.answer, name="venue-answer"),
]
