"""Reading people, tokens and the audit trail."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from identity.models import ApiToken, AuditEvent, User
from identity.scopes import sees_everything


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to show of the audit trail; empty fields filter nothing."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    account: str = ""
    text: str = ""
    before: int | None = None

    def conditions(self) -> Q:
        """As a condition; `subject` is a type or `type:id`, `action` a name or a prefix of one."""
        wanted = Q()
        if self.actor:
            wanted &= Q(actor_name__iexact=self.actor)
        if self.action:
            wanted &= Q(action=self.action) | Q(action__startswith=f"{self.action}.")
        if self.subject:
            kind, _, number = self.subject.partition(":")
            wanted &= Q(subject_type=kind.strip())
            if number.strip():
                wanted &= Q(subject_id=number.strip())
        if self.account:
            wanted &= Q(account_id=self.account)
        if self.text:
            wanted &= Q(summary__icontains=self.text)
        if self.before is not None:
            wanted &= Q(pk__lt=self.before)
        return wanted


def audit_trail(
    user: User, wanted: AuditFilter, *, accounts: Iterable[str]
) -> QuerySet[AuditEvent]:
    """Events `user` may see, newest first.

    `accounts` are the ids of the AWS accounts in their scope. Who does not see everything sees
    events of those accounts and what they did themselves, so no name of a hidden account leaks.
    """
    events = AuditEvent.objects.filter(wanted.conditions()).order_by("-id")
    if sees_everything(user):
        return events
    return events.filter(Q(account_id__in=list(accounts)) | Q(actor=user))


def users() -> QuerySet[User]:
    """All users with their groups, active ones first; for those who manage them."""
    return User.objects.prefetch_related("groups").order_by("-is_active", "username")


def live_tokens(user: User, *, now: datetime) -> QuerySet[ApiToken]:
    """The user's tokens that still open something, newest first."""
    return user.api_tokens.filter(revoked_at=None, expires_at__gt=now).order_by("-id")
