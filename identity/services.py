"""Changing who may do what: every change is one transaction with one audit event."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction

from identity import audit, tokens
from identity.models import ApiToken, User
from identity.problems import DomainError
from identity.roles import ADMIN, ROLES


def generated_password() -> str:
    """Five groups of letters and digits: about 100 bits, easy to read out and to type."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # without the ones people confuse
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


@transaction.atomic
def create_user(
    username: str, *, role: str, scopes: Sequence[str], actor: User | None, now: datetime
) -> tuple[User, str]:
    """A user with that role, and the password that is shown this once."""
    if User.objects.filter(username__iexact=username).exists():
        raise DomainError(f"A user named {username} exists already.")
    password = generated_password()
    user = User(username=username, scopes=list(scopes))
    user.set_password(password)
    user.save()
    user.groups.set([_group(role)])
    audit.record(
        "user.create",
        actor=actor,
        at=now,
        subject=("user", user.pk),
        summary=f"Created {username} as {role}",
        data={"role": role, "scopes": list(scopes)},
    )
    return user, password


@transaction.atomic
def set_role(user_id: int, *, role: str, actor: User, now: datetime) -> User:
    """Give the user exactly this role; the last active admin keeps theirs."""
    user = _locked(user_id)
    before = role_of(user)
    if before == role:
        return user
    if before == ADMIN:
        _keep_an_admin(user)
    user.groups.set([_group(role)])
    _tell(user, "role", f"{before or 'no role'} → {role}", actor=actor, now=now)
    return user


@transaction.atomic
def set_scopes(user_id: int, *, scopes: Sequence[str], actor: User, now: datetime) -> User:
    """Say which accounts the user sees; no scope means none."""
    user = _locked(user_id)
    before, user.scopes = user.scopes, list(scopes)
    if before == user.scopes:
        return user
    user.save(update_fields=["scopes"])
    said = f"{', '.join(before) or 'nothing'} → {', '.join(scopes) or 'nothing'}"
    _tell(user, "scopes", said, actor=actor, now=now)
    return user


@transaction.atomic
def set_active(user_id: int, *, active: bool, actor: User, now: datetime) -> User:
    """Open or close an account. Closing ends sessions and tokens at once; nothing is deleted."""
    user = _locked(user_id)
    if user.is_active == active:
        return user
    if not active:
        if user.pk == actor.pk:
            raise DomainError("You cannot deactivate yourself; ask another admin.")
        _keep_an_admin(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    _tell(user, "activate" if active else "deactivate", "", actor=actor, now=now)
    return user


@transaction.atomic
def reset_password(user_id: int, *, actor: User, now: datetime) -> tuple[User, str]:
    """A new generated password, shown this once; the old one and all its sessions end."""
    user = _locked(user_id)
    password = generated_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    _tell(user, "password", "New password generated", actor=actor, now=now)
    return user, password


@transaction.atomic
def issue_token(user: User, *, name: str, days: int, now: datetime) -> str:
    """A new API token of one's own; its value is returned this once and not kept."""
    value = tokens.issue(user, name=name, now=now, lifetime=timedelta(days=days))
    audit.record(
        "token.issue",
        actor=user,
        at=now,
        subject=("user", user.pk),
        summary=f"Issued the token “{name}” for {days} days",
    )
    return value


@transaction.atomic
def revoke_token(token_id: int, *, actor: User, now: datetime) -> ApiToken:
    """End a token now: one's own, or as an admin anybody's. Raises ApiToken.DoesNotExist else."""
    mine = {} if actor.has_perm("identity.manage_users") else {"user": actor}
    token = ApiToken.objects.select_for_update().get(pk=token_id, **mine)
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        audit.record(
            "token.revoke",
            actor=actor,
            at=now,
            subject=("user", token.user_id),
            summary=f"Revoked the token “{token.name}”",
        )
    return token


def role_of(user: User) -> str:
    """The user's role, or nothing; a user has at most one."""
    names = {group.name for group in user.groups.all()}
    return next((role for role in ROLES if role in names), "")


def _group(role: str) -> Group:
    if role not in ROLES:
        raise DomainError(f"{role!r} is no role; there are {', '.join(ROLES)}.")
    return Group.objects.get(name=role)


def _locked(user_id: int) -> User:
    """The user, with all changes of who is an admin put in a row behind the admins' group."""
    Group.objects.select_for_update().get(name=ADMIN)
    return User.objects.select_for_update().get(pk=user_id)


def _keep_an_admin(leaving: User) -> None:
    others = User.objects.filter(groups__name=ADMIN, is_active=True).exclude(pk=leaving.pk)
    if leaving.groups.filter(name=ADMIN).exists() and not others.exists():
        raise DomainError(
            f"{leaving.username} is the last active admin; make someone else admin first."
        )


def _tell(user: User, verb: str, what: str, *, actor: User, now: datetime) -> None:
    said = {"activate": "Activated", "deactivate": "Deactivated"}.get(verb, verb.capitalize())
    audit.record(
        f"user.{verb}",
        actor=actor,
        at=now,
        subject=("user", user.pk),
        summary=f"{said} {user.username}: {what}" if what else f"{said} {user.username}",
    )
