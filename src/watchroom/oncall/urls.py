"""Addresses of schedules."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("on-call/mine", views.mine, name="on-call-mine"),
    path("on-call/absences", views.absence_add, name="absence-add"),
    path("on-call/absences/import", views.absence_import, name="absence-import"),
    path("on-call/absences/<int:pk>/remove", views.absence_remove, name="absence-remove"),
    path("on-call/holidays", views.holidays, name="holidays"),
    path("on-call/calendars", views.calendar_add, name="calendar-add"),
    path("on-call/calendars/<int:pk>/remove", views.calendar_remove, name="calendar-remove"),
    path("on-call/feeds", views.feed_make, name="feed-make"),
    path("on-call/feeds/<int:pk>/revoke", views.feed_revoke, name="feed-revoke"),
    path("on-call/swaps/<int:pk>/take", views.swap_take, name="swap-take"),
    path("on-call/swaps/<int:pk>/decline", views.swap_decline, name="swap-decline"),
    path("on-call/swaps/<int:pk>/withdraw", views.swap_withdraw, name="swap-withdraw"),
    path("hand-offs", views.handoffs, name="handoffs"),
    path("hand-offs/<int:pk>", views.handoff, name="handoff"),
    path("hand-offs/<int:pk>/note", views.handoff_note, name="handoff-note"),
    path("hand-offs/<int:pk>/acknowledge", views.handoff_acknowledge, name="handoff-acknowledge"),
    path("calendar/<str:key>.ics", views.feed, name="feed"),
    path("schedules/<slug:slug>/swaps", views.swap_offer, name="swap-offer"),
    path("schedules/<slug:slug>/take", views.shift_take, name="shift-take"),
    path("schedules/<slug:slug>/cover", views.cover, name="cover"),
    path("schedules/<slug:slug>/plan", views.planner, name="planner"),
    path("schedules/<slug:slug>/plan/accept", views.planner_accept, name="planner-accept"),
    path("schedules/<slug:slug>/plan/take-back", views.planner_take_back, name="planner-take-back"),
    path("schedules/<slug:slug>/temporary", views.temporary, name="temporary"),
    path("schedules/<slug:slug>/temporary/<int:pk>/end", views.temporary_end, name="temporary-end"),
    path("schedules/<slug:slug>/worked", views.worked_page, name="worked"),
    path("schedules/<slug:slug>/worked.csv", views.worked_csv, name="worked-csv"),
    path("schedules/<slug:slug>/worked/correct", views.correct, name="worked-correct"),
    path("on-call/corrections/<int:pk>/take-back", views.correction_take_back, name="correction-take-back"),
    path("schedules", views.overview, name="schedules"),
    path("schedules/new", views.schedule_edit, name="schedule-new"),
    path("schedules/new/follow-the-sun", views.follow_the_sun, name="follow-the-sun"),
    path("schedules/<slug:slug>", views.schedule, name="schedule"),
    path("schedules/<slug:slug>/edit", views.schedule_edit, name="schedule-edit"),
    path("schedules/<slug:slug>/chat-group/again", views.group_again, name="chat-group-again"),
    path("schedules/<slug:slug>/delete", views.schedule_delete, name="schedule-delete"),
    path("schedules/<slug:slug>/overrides", views.override_add, name="override-add"),
    path("schedules/<slug:slug>/overrides/preview", views.override_preview, name="override-preview"),
    path("schedules/<slug:slug>/overrides/<int:pk>/remove", views.override_remove, name="override-remove"),
]
