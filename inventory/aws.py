"""Calls to AWS: one client for each service and region, credentials given per call.

No Django here. botocore's own retries are off: its limiter would let one account slow all others,
and a write must not be repeated blindly. The endpoint is whatever boto3 is configured to use.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.credentials
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from inventory.awserrors import MALFORMED, NO_ANSWER, REPEATED_TOKEN, AwsError, Failure
from inventory.buckets import READ, WRITE, Buckets, Key

__all__ = ["AwsError", "Clients", "Credentials", "Failure", "assume", "call", "own", "paginate"]

_SIGNING: ContextVar[botocore.credentials.Credentials] = ContextVar("signing")  # fails closed
_READS = ("Describe", "Get", "List", "Search", "Lookup", "Assume")
_ATTEMPTS = {
    Failure.THROTTLED: 8,
    Failure.BROKEN: 4,
    Failure.NO_ANSWER: 3,
    Failure.MALFORMED: 2,
}
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_POOL = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys of one session in one account; the secret parts stay out of any print."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    account: str = ""


def _sign_with_current(params: object, context: dict[str, Any], **_: object) -> None:
    context.setdefault("signing", {})["request_credentials"] = _SIGNING.get()


class Clients:
    """The clients of a process.

    `timeout` is for one attempt, in seconds; `patience` stretches or shortens the waits between.
    """

    def __init__(
        self,
        *,
        timeout: float = 20.0,
        patience: float = 1.0,
        buckets: Buckets | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._timeout = timeout
        self._sleep: Callable[[float], None] = lambda seconds: sleep(seconds * patience)
        self._buckets = buckets or Buckets(sleep=self._sleep)
        self._chance = chance
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        # Never used to sign: a call without credentials of its own is refused, not answered.
        self._session: Any = boto3.Session(
            aws_access_key_id="unused",
            aws_secret_access_key="unused",  # noqa: S106
            region_name="us-east-1",
        )

    def call(
        self,
        service: str,
        region: str,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        credentials: Credentials,
        account: str,
        once: bool = False,
    ) -> dict[str, Any]:
        """One call, paced and tried again where that is safe; raises `AwsError`.

        A write is tried again only when AWS refused it for its rate: after a lost answer nobody
        knows whether it happened. `once` leaves trying again to the caller, who has something to
        ask before each attempt.
        """
        reads = operation.startswith(_READS)
        key = Key(account, region, service, operation)
        met: Counter[Failure] = Counter()
        while True:
            self._buckets.wait(key, READ if reads else WRITE)
            try:
                answer = self._once(service, region, operation, params or {}, credentials)
            except AwsError as error:
                if error.failure is Failure.THROTTLED:
                    self._buckets.refused(key)
                elif not reads:
                    raise
                met[error.failure] += 1
                if once or met[error.failure] >= _ATTEMPTS.get(error.failure, 1):
                    raise
                longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** met.total())
                self._sleep(self._chance() * longest)
            else:
                self._buckets.accepted(key)
                return answer

    def paginate(
        self,
        service: str,
        region: str,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        result_key: str,
        page_size: int | None,
        credentials: Credentials,
        account: str,
    ) -> Iterator[list[Any]]:
        """The pages of a listing; an answer that is not one is an error, never an empty page.

        Refused are a page without its list and a token seen before (a listing without end).
        """
        asked = dict(params or {})
        if page_size:
            asked["MaxResults"] = page_size
        seen: set[str] = set()
        while True:
            answer = self.call(
                service, region, operation, asked, credentials=credentials, account=account
            )
            page = answer.get(result_key)
            if not isinstance(page, list):
                raise AwsError(
                    MALFORMED, f"no list {result_key}", service=service, action=operation
                )
            yield page
            following = answer.get("NextToken")
            if not following:
                return
            if following in seen:
                raise AwsError(
                    REPEATED_TOKEN, "the same page token twice", service=service, action=operation
                )
            seen.add(following)
            asked["NextToken"] = following

    def _once(
        self,
        service: str,
        region: str,
        operation: str,
        params: Mapping[str, Any],
        credentials: Credentials,
    ) -> dict[str, Any]:
        client = self._client(service, region)
        mark = _SIGNING.set(
            botocore.credentials.Credentials(
                credentials.access_key_id,
                credentials.secret_access_key,
                credentials.session_token,
            )
        )
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        except ClientError as error:
            said = error.response.get("Error", {})
            raise AwsError(
                str(said.get("Code") or "Unknown"),
                str(said.get("Message") or ""),
                service=service,
                action=operation,
                status=int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)),
            ) from error
        except ResponseParserError as error:
            raise AwsError(MALFORMED, _short(error), service=service, action=operation) from error
        except HTTPClientError as error:
            raise AwsError(NO_ANSWER, _short(error), service=service, action=operation) from error
        except BotoCoreError as error:
            code = type(error).__name__
            raise AwsError(code, _short(error), service=service, action=operation) from error
        finally:
            _SIGNING.reset(mark)
        return answer

    def _client(self, service: str, region: str) -> Any:
        found = self._clients.get((service, region))
        if found is not None:
            return found
        with self._lock:
            found = self._clients.get((service, region))
            if found is None:
                found = self._session.client(
                    service,
                    region_name=region,
                    config=Config(
                        max_pool_connections=_POOL,
                        connect_timeout=min(5.0, self._timeout),
                        read_timeout=self._timeout,
                        retries={"total_max_attempts": 1},
                        tcp_keepalive=True,
                    ),
                )
                found.meta.events.register(f"before-call.{service}", _sign_with_current)
                self._clients[service, region] = found
        return found

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()


def _short(error: Exception) -> str:
    return str(error)[:300]


class _Process:
    """What this process shares; made when first needed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.timeout = 20.0
        self.patience = 1.0
        self.clients: Clients | None = None
        self.session: boto3.Session | None = None


_process = _Process()


def configure(*, timeout: float, patience: float = 1.0) -> None:
    """Set the seconds one attempt may take (see `Clients`), for clients made from now on."""
    _process.timeout, _process.patience = timeout, patience


def clients() -> Clients:
    """The clients of this process."""
    with _process.lock:
        if _process.clients is None:
            _process.clients = Clients(timeout=_process.timeout, patience=_process.patience)
        return _process.clients


def forget() -> None:
    """Drop clients and the product's own credentials, after the environment has changed."""
    with _process.lock:
        if _process.clients is not None:
            _process.clients.close()
        _process.clients = _process.session = None


def home_region() -> str:
    """Where account-wide questions are asked: AWS_REGION as boto3 reads it, or us-east-1."""
    return _own_session().region_name or "us-east-1"


def _own_session() -> boto3.Session:
    with _process.lock:
        if _process.session is None:
            _process.session = boto3.Session()
        return _process.session


def own() -> Credentials:
    """The product's own credentials from boto3's chain; raises `AwsError` when there are none."""
    found = _own_session().get_credentials()
    frozen = found.get_frozen_credentials() if found is not None else None
    if frozen is None or not frozen.access_key or not frozen.secret_key:
        raise AwsError(
            "NoCredentials",
            "the product has no AWS credentials of its own",
            service="sts",
            action="AssumeRole",
        )
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def call(
    service: str,
    region: str,
    operation: str,
    params: Mapping[str, Any] | None = None,
    *,
    credentials: Credentials,
    account: str,
    once: bool = False,
) -> dict[str, Any]:
    """`Clients.call` with the clients of this process."""
    return clients().call(
        service, region, operation, params, credentials=credentials, account=account, once=once
    )


def paginate(
    service: str,
    region: str,
    operation: str,
    params: Mapping[str, Any] | None = None,
    *,
    result_key: str,
    page_size: int | None,
    credentials: Credentials,
    account: str,
) -> Iterator[list[Any]]:
    """`Clients.paginate` with the clients of this process."""
    return clients().paginate(
        service,
        region,
        operation,
        params,
        result_key=result_key,
        page_size=page_size,
        credentials=credentials,
        account=account,
    )


def assume(
    *,
    role_arn: str,
    external_id: str,
    session_name: str,
    session_policy: str | None = None,
    source_identity: str | None = None,
    duration: int = 3600,
) -> Credentials:
    """Enter an account by AssumeRole with the product's own credentials; raises `AwsError`."""
    params: dict[str, Any] = {
        "RoleArn": role_arn,
        "RoleSessionName": session_name,
        "DurationSeconds": duration,
    }
    if external_id:
        params["ExternalId"] = external_id
    if session_policy is not None:
        params["Policy"] = session_policy
    if source_identity is not None:
        params["SourceIdentity"] = source_identity
    account = role_arn.split(":")[4]
    answer = call("sts", home_region(), "AssumeRole", params, credentials=own(), account=account)
    found = answer.get("Credentials")
    if not isinstance(found, Mapping) or "AccessKeyId" not in found:
        raise AwsError(MALFORMED, "no Credentials", service="sts", action="AssumeRole")
    expires = found.get("Expiration")
    return Credentials(
        found["AccessKeyId"],
        found["SecretAccessKey"],
        found["SessionToken"],
        expires.astimezone(UTC) if isinstance(expires, datetime) else None,
        account,
    )
