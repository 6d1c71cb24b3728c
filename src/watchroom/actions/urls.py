"""Addresses of the pages of action items."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("actions", views.actions, name="actions"),
    path("actions/new", views.new, name="action-new"),
    path("actions/<int:pk>", views.action, name="action"),
    path("actions/<int:pk>/edit", views.edit, name="action-edit"),
    path("actions/<int:pk>/start", views.start, name="action-start"),
    path("actions/<int:pk>/complete", views.complete, name="action-complete"),
    path("actions/<int:pk>/drop", views.drop, name="action-drop"),
    path("actions/<int:pk>/reopen", views.reopen, name="action-reopen"),
    path("actions/<int:pk>/issue", views.issue, name="action-issue"),
]
