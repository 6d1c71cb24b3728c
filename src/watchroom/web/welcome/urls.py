"""Addresses of the first-run walk and of invitations; the invitation's token comes last."""

from __future__ import annotations

from django.urls import path

from . import invitation, views

urlpatterns = [
    path("welcome", views.you, name="welcome"),
    path("welcome/team", views.team, name="welcome-team"),
    path("welcome/reach", views.reach, name="welcome-reach"),
    path("welcome/test", views.test, name="welcome-test"),
    path("welcome/test/state", views.test_state, name="welcome-test-state"),
    path("welcome/test/seen/<int:pk>", views.test_seen, name="welcome-test-seen"),
    path("welcome/alert", views.source, name="welcome-source"),
    path("welcome/alert/state", views.source_state, name="welcome-source-state"),
    path("welcome/done", views.done, name="welcome-done"),
    path("welcome/<str:token>", invitation.invitation, name="invitation"),
]
