"""Addresses of insights."""

from django.urls import path

from . import views

urlpatterns = [
    path("insights", views.alert_rules, name="insights"),
    path("insights/incidents", views.incidents, name="insights-incidents"),
    path("insights/incidents.csv", views.incidents_csv, name="insights-incidents-csv"),
    path("insights/load", views.load, name="insights-load"),
    path("insights/load.csv", views.load_csv, name="insights-load-csv"),
    path("insights/wait", views.wait, name="insights-wait"),
    path("insights/weekly", views.weekly, name="insights-weekly"),
    path("insights/pay", views.pay, name="insights-pay"),
    path("insights/pay.csv", views.pay_csv, name="insights-pay-csv"),
    path("insights/pay/rules", views.pay_rules, name="pay-rules"),
    path("insights/pay/stop", views.pay_stop, name="pay-stop"),
    path("insights/pay/withdraw/<slug:day>", views.pay_withdraw, name="pay-withdraw"),
    path("insights/limits", views.limits, name="load-limits"),
    path("insights/limits/save", views.limits_save, name="load-limits-save"),
    path("insights/limits/<int:pk>", views.crossing, name="crossing"),
    path("insights/limits/<int:pk>/accept", views.crossing_accept, name="crossing-accept"),
    path("insights/limits/<int:pk>/close", views.crossing_close, name="crossing-close"),
    path("insights/grouping", views.grouping, name="grouping"),
    path("insights/grouping/<int:pk>/<slug:what>", views.grouping_decide, name="grouping-decide"),
    path("insights/fix", views.fix, name="insights-fix"),
]
