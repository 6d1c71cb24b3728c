"""Addresses of services."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("services", views.services, name="services"),
    path("services/new", views.service_edit, name="service-new"),
    path("services/<slug:slug>", views.service, name="service"),
    path("services/<slug:slug>/edit", views.service_edit, name="service-edit"),
    path("services/<slug:slug>/delete", views.service_delete, name="service-delete"),
]
