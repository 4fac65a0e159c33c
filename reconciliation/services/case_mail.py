"""Tell somebody by mail which exceptions were given to them: once, all of them together."""

from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from reconciliation.models import Case
from tenants.rls import tenant_scope

_NAMED = 10


def tell_assignee(tenant_id: UUID | str, case_id: UUID | str) -> int:
    """A mail to the person this exception waits with, about everything they were not told of yet; how many that is."""
    with tenant_scope(tenant_id):
        waiting = Case.objects.for_tenant(UUID(str(tenant_id))).filter(told_at=None, assignee__isnull=False)
        case = waiting.filter(pk=case_id).select_related("assignee", "tenant", "assigned_by").first()
        if case is None or case.assignee is None:
            return 0
        own = waiting.filter(assignee=case.assignee).select_related("bank_line", "record", "discrepancy")
        rows = list(own.order_by("due_on", "pk").select_for_update(of=("self",), skip_locked=True))
        # Written down before the mail: it may be lost with the mail server, but nobody gets it twice.
        Case.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=timezone.now())
        facts = {
            "count": len(rows),
            "cases": rows[:_NAMED],
            "more": max(0, len(rows) - _NAMED),
            "by": case.assigned_by,
            "tenant": case.tenant.name,
            "page": urljoin(settings.PORTAL_URL, reverse("admin:reconciliation_case_changelist") + "?who=mine"),
        }
        message = render_to_string("mail/exceptions.txt", facts)
        to = case.assignee.email
    if rows:
        what = "exception is" if len(rows) == 1 else "exceptions are"
        send_mail(subject=f"{len(rows)} bank {what} yours now", message=message, from_email=None, recipient_list=[to])
    return len(rows)
