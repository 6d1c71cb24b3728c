"""Addresses of schedules."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("schedules", views.schedules, name="schedules"),
    path("schedules/new", views.schedule_edit, name="schedule-new"),
    path("schedules/<slug:slug>", views.schedule, name="schedule"),
    path("schedules/<slug:slug>/edit", views.schedule_edit, name="schedule-edit"),
    path("schedules/<slug:slug>/delete", views.schedule_delete, name="schedule-delete"),
    path("schedules/<slug:slug>/overrides", views.override_add, name="override-add"),
    path("schedules/<slug:slug>/overrides/<int:pk>/remove", views.override_remove, name="override-remove"),
]
