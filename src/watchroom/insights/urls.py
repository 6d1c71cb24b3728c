"""Addresses of insights."""

from django.urls import path

from . import views

urlpatterns = [
    path("insights", views.alert_rules, name="insights"),
    path("insights/load", views.load, name="insights-load"),
    path("insights/load.csv", views.load_csv, name="insights-load-csv"),
    path("insights/wait", views.wait, name="insights-wait"),
    path("insights/weekly", views.weekly, name="insights-weekly"),
    path("insights/fix", views.fix, name="insights-fix"),
]
