"""Addresses of the pages of monitors, and of pings."""

from __future__ import annotations

from django.urls import path

from .views import pages, pinging

urlpatterns = [
    path("ping/<str:key>", pinging.receive, name="ping"),
    path("ping/<str:key>/<str:word>", pinging.receive, name="ping-word"),
    path("monitors", pages.monitors, name="monitors"),
    path("monitors/heartbeats/new", pages.edit_heartbeat, name="heartbeat-new"),
    path("monitors/heartbeats/<slug:slug>", pages.heartbeat, name="heartbeat"),
    path("monitors/heartbeats/<slug:slug>/edit", pages.edit_heartbeat, name="heartbeat-edit"),
    path("monitors/heartbeats/<slug:slug>/do", pages.heartbeat_do, name="heartbeat-do"),
    path("monitors/checks/new", pages.new_check, name="check-new"),
    path("monitors/checks/new/<slug:kind>", pages.edit_check, name="check-new-of"),
    path("monitors/checks/<slug:slug>", pages.check, name="check"),
    path("monitors/checks/<slug:slug>/edit", pages.edit_check, name="check-edit"),
    path("monitors/checks/<slug:slug>/do", pages.check_do, name="check-do"),
]
