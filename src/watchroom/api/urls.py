"""Addresses of the page of the API; its operations are below ``/api/v1``."""

from __future__ import annotations

from django.urls import path

from . import HELP, views

urlpatterns = [
    path(HELP.lstrip("/"), views.index, name="api-help"),
    path(f"{HELP.lstrip('/')}/<slug:name>", views.operation, name="api-operation"),
]
