"""Addresses of the pages of readiness."""

from __future__ import annotations

from django.urls import path

from .views import process, standing

urlpatterns = [
    path("readiness", standing.index, name="readiness"),
    path("readiness/installation", standing.team, name="readiness-installation"),
    path("readiness/teams/<slug:slug>", standing.team, name="readiness-team"),
    path("readiness/put-off", standing.put_off, name="readiness-put-off"),
    path("readiness/thresholds", standing.limits, name="readiness-thresholds"),
    path("process", process.process, name="process"),
    path("process/read", process.read, name="process-read"),
    path("process/edit", process.write, name="process-edit"),
    path("process/withdraw", process.withdraw, name="process-withdraw"),
    path("process/versions", process.versions, name="process-versions"),
    path("process/versions/<int:number>", process.version, name="process-version"),
    path("process/who", process.who, name="process-who"),
]
