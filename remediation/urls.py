"""Addresses of the remediation pages."""

from django.urls import path

from remediation import views

urlpatterns = [
    path("approvals/", views.request_list, name="request-list"),
    path("approvals/<int:pk>/", views.request_detail, name="request-detail"),
    path("approvals/<int:pk>/approve/", views.request_approve, name="request-approve"),
    path("approvals/<int:pk>/reject/", views.request_reject, name="request-reject"),
    path("approvals/<int:pk>/withdraw/", views.request_withdraw, name="request-withdraw"),
    path("approvals/switch/", views.switch_throw, name="switch-throw"),
    path("approvals/switch/<int:pk>/lift/", views.switch_lift, name="switch-lift"),
    path("executions/<int:pk>/", views.execution_detail, name="execution-detail"),
    path("executions/<int:pk>/rollback/", views.execution_rollback, name="execution-rollback"),
    path("findings/<int:pk>/repair/", views.finding_repair, name="finding-repair"),
    path("findings/<int:pk>/repair/request/", views.repair_request, name="repair-request"),
    path("findings/<int:pk>/repair/release/", views.hold_release, name="hold-release"),
]
