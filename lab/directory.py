"""Who exists: accounts, roles, and the access keys that stand for a principal until they expire."""

import secrets
import string
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lab.policy import Policy

_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(slots=True)
class Role:
    """An IAM role; tests may replace its policies while the lab runs."""

    account: str
    name: str
    trust: Policy
    policies: list[Policy]
    max_session: timedelta = timedelta(hours=1)
    role_id: str = ""

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return f"arn:aws:iam::{self.account}:role/{self.name}"


@dataclass(frozen=True, slots=True)
class Principal:
    """What an access key stands for: a user, or a session of a role."""

    account: str
    arn: str
    user_id: str
    access_key: str
    secret_key: str
    policies: Sequence[Policy] = ()
    role: Role | None = None
    token: str = ""
    session_name: str = ""
    session_policies: Sequence[Policy] = ()
    source_identity: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    expires: datetime | None = None

    @property
    def effective_policies(self) -> Sequence[Policy]:
        """The identity policies: the role's for a session, as they are now."""
        return self.role.policies if self.role else self.policies

    @property
    def identity_arn(self) -> str:
        """What trust policies name: the role itself for a session, else the user."""
        return self.role.arn if self.role else self.arn


class Directory:
    """Roles and access keys of all accounts; safe to use from several threads."""

    def __init__(self) -> None:
        self.roles: dict[tuple[str, str], Role] = {}
        self.suspended: set[str] = set()
        self._keys: dict[str, Principal] = {}
        self._lock = threading.Lock()

    def add_role(self, role: Role) -> Role:
        """Register `role` under its account and name, replacing one of the same name."""
        self.roles[role.account, role.name] = role
        return role

    def role(self, arn: str) -> Role | None:
        """The role an ARN names, if its account is active and has it."""
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
            return None
        if parts[4] in self.suspended:
            return None
        return self.roles.get((parts[4], parts[5].removeprefix("role/")))

    def add_user(
        self,
        *,
        account: str,
        name: str,
        policies: Sequence[Policy],
        access_key: str = "",
        secret_key: str = "",
    ) -> Principal:
        """A user with one long-lived access key."""
        return self._add(
            Principal(
                account=account,
                arn=f"arn:aws:iam::{account}:user/{name}",
                user_id=_random_id("AIDA"),
                access_key=access_key or _random_id("AKIA"),
                secret_key=secret_key or secrets.token_urlsafe(30),
                policies=policies,
            )
        )

    def open_session(
        self,
        role: Role,
        *,
        name: str,
        lasts: timedelta,
        policies: Sequence[Policy] = (),
        source_identity: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> Principal:
        """Temporary credentials of `role`."""
        if not role.role_id:
            role.role_id = _random_id("AROA")
        return self._add(
            Principal(
                account=role.account,
                arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}",
                user_id=f"{role.role_id}:{name}",
                access_key=_random_id("ASIA"),
                secret_key=secrets.token_urlsafe(30),
                role=role,
                token=secrets.token_urlsafe(96),
                session_name=name,
                session_policies=policies,
                source_identity=source_identity,
                tags=tags or {},
                expires=datetime.now(UTC).replace(microsecond=0) + lasts,
            )
        )

    def find(self, access_key: str) -> Principal | None:
        """The principal of an access key, expired or not."""
        return self._keys.get(access_key)

    def _add(self, principal: Principal) -> Principal:
        with self._lock:
            if len(self._keys) > 5000:
                self._forget_expired()
            self._keys[principal.access_key] = principal
        return principal

    def _forget_expired(self) -> None:
        limit = datetime.now(UTC) - timedelta(hours=1)
        self._keys = {k: p for k, p in self._keys.items() if not p.expires or p.expires > limit}


def _random_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))
