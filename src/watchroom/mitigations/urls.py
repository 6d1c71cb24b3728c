"""Addresses of the pages of mitigations."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("mitigations", views.mitigations, name="mitigations"),
    path("mitigations/new", views.edit, name="mitigation-new"),
    path("mitigations/<slug:slug>", views.edit, name="mitigation"),
    path("incidents/<int:pk>/mitigations", views.start, name="mitigation-start"),
    path("mitigation-runs/<int:pk>/finish", views.finish, name="mitigation-finish"),
]
