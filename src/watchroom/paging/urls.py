"""Addresses of policies, contact methods, signed links and the delivery log."""

from django.urls import path

from .views import approvals, contact, defects, deliveries, mail, phone, policies, push, respond

urlpatterns = [
    path("respond/<str:token>", respond.respond, name="respond"),
    path("page", respond.page_someone, name="page-someone"),
    path("escalations/<int:pk>", respond.escalation, name="escalation"),
    path("approvals/<int:pk>/approve", approvals.decide, {"what": "approve"}, name="approval-approve"),
    path("approvals/<int:pk>/decline", approvals.decide, {"what": "decline"}, name="approval-decline"),
    path("phone/answer/<str:token>", phone.key, name="phone-answer"),
    path("phone/receipt/<str:token>", phone.receipt, name="phone-receipt"),
    path("mail/reply", mail.mail_reply, name="mail-reply"),
    path("phone/text", phone.text, name="phone-text"),
    path("service-worker.js", push.worker, name="service-worker"),
    path("offline", push.offline, name="offline"),
    path("push/seen/<str:token>", push.seen, name="push-seen"),
    path("me/contact/push-key", push.key, name="push-key"),
    path("me/contact", contact.index, name="my-contact"),
    path("me/contact/add", contact.add, name="contact-add"),
    path("me/contact/quiet-hours", contact.quiet_hours, name="contact-quiet-hours"),
    path("me/contact/rules", contact.rules, name="contact-rules"),
    path("me/contact/<int:pk>/<slug:what>", contact.act, name="contact-act"),
    path("me/pending-page", deliveries.pending_page, name="pending-page"),
    path("me/pending-page/<int:pk>", deliveries.answer_pending, name="pending-page-answer"),
    path("me/pending-page/<int:pk>/seen", deliveries.seen, name="pending-page-seen"),
    path("notifications", deliveries.index, name="notifications"),
    path("notifications/why", deliveries.why, name="notifications-why"),
    path("notifications.csv", deliveries.as_file, name="notifications-file"),
    path("paging-defects", defects.index, name="paging-defects"),
    path("paging-defects/<int:pk>/resolve", defects.resolve, name="paging-defect-resolve"),
    path("policies", policies.index, name="policies"),
    path("policies/new", policies.edit, name="policy-new"),
    path("policies/<slug:slug>", policies.detail, name="policy"),
    path("policies/<slug:slug>/edit", policies.edit, name="policy-edit"),
    path("policies/<slug:slug>/webhook-key", policies.renew_webhook_key, name="policy-webhook-key"),
    path("policies/<slug:slug>/delete", policies.delete, name="policy-delete"),
]
