"""Every address. Each package's pages are listed in its own `urls.py`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from .api.root import api
from .engine.metrics import metrics
from .web.views.errors import not_found

_PACKAGES = (
    "web",
    "accounts",
    "catalog",
    "workspaces",
    "oncall",
    "paging",
    "intake",
    "monitors",
    "incidents",
    "chat",
    "evidence",
    "mitigations",
    "runbooks",
    "status",
    "postmortems",
    "actions",
    "insights",
    "outgoing",
    "venues",
    "workflows",
    "drills",
    "readiness",
    "api",
)


def alive(request: HttpRequest) -> HttpResponse:
    """`/healthz` of a web process: it answers, and so does its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", alive),
    path("metrics", metrics),
    # Addresses are changed by administrators: nobody notes down another one's as their own.
    path("account/email/", not_found),
    path("account/", include("allauth.urls")),
    path("api/v1/", api.urls),
]
for _package in _PACKAGES:
    if find_spec(f"watchroom.{_package}.urls"):
        urlpatterns += import_module(f"watchroom.{_package}.urls").urlpatterns

handler404 = "watchroom.web.views.errors.not_found"
handler500 = "watchroom.web.views.errors.server_error"
