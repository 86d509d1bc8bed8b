"""What AWS can answer instead of data, as values that say what follows from it."""

from enum import StrEnum

_DENIED = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "UnauthorizedException",
        "AWSOrganizationsNotInUseException",
    )
)
_THROTTLED = frozenset(
    (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    )
)
_EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired"))
# What a region that is not enabled says to credentials that are good elsewhere.
_REFUSED = frozenset(
    ("AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException")
)
_BROKEN = frozenset(
    (
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    )
)
MALFORMED = "MalformedAnswer"
REPEATED_TOKEN = "RepeatedToken"  # noqa: S105 - the name of an error
NO_ANSWER = "NoAnswer"
_PREFIXES = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing"}


class Failure(StrEnum):
    """What kind of no it was."""

    DENIED = "denied"
    THROTTLED = "throttled"
    EXPIRED = "expired"
    REFUSED = "refused"  # the region does not know these credentials
    MALFORMED = "malformed"
    NO_ANSWER = "no-answer"  # timed out or cut off: for a write, nobody knows whether it happened
    BROKEN = "broken"  # AWS says that it failed itself
    OTHER = "other"


class AwsError(Exception):
    """A call that brought no data.

    `permission` is the IAM action that the call takes. `retryable` says that asking again later
    may help; whoever wrote something must read before.
    """

    def __init__(
        self, code: str, message: str, *, service: str, action: str, status: int = 0
    ) -> None:
        super().__init__(f"{service}:{action}: {code}: {message}")
        self.code = code
        self.message = message
        self.service = service
        self.action = action
        self.status = status
        self.permission = f"{_PREFIXES.get(service, service)}:{action}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_again, (self.code, self.message, self.service, self.action, self.status))

    @property
    def failure(self) -> Failure:
        """The kind, from the code first and the HTTP status second."""
        for codes, kind in (
            (_DENIED, Failure.DENIED),
            (_THROTTLED, Failure.THROTTLED),
            (_EXPIRED, Failure.EXPIRED),
            (_REFUSED, Failure.REFUSED),
            ((MALFORMED, REPEATED_TOKEN), Failure.MALFORMED),
            ((NO_ANSWER,), Failure.NO_ANSWER),
            (_BROKEN, Failure.BROKEN),
        ):
            if self.code in codes:
                return kind
        return Failure.BROKEN if self.status >= 500 else Failure.OTHER

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later without anybody doing something."""
        return self.failure in (
            Failure.THROTTLED,
            Failure.MALFORMED,
            Failure.NO_ANSWER,
            Failure.BROKEN,
        )


def _again(code: str, message: str, service: str, action: str, status: int) -> AwsError:
    return AwsError(code, message, service=service, action=action, status=status)
