"""Addresses of the pages of workflows."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("workflows", views.index, name="workflows"),
    path("workflows/new", views.edit, name="workflow-new"),
    path("workflows/<slug:slug>", views.show, name="workflow"),
    path("workflows/<slug:slug>/edit", views.edit, name="workflow-edit"),
    path("workflows/<slug:slug>/do", views.do, name="workflow-do"),
    path("workflow-runs/<int:pk>/retry", views.retry, name="workflow-retry"),
]
