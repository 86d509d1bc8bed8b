"""EC2's pages: MaxResults within its limits, tokens that fit one request only."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from lab import models
from lab.errors import AwsError

_WITHOUT_IDS: Mapping[str, str] = {
    "DescribeInstances": "InstanceIds",
    "DescribeNetworkInterfaces": "NetworkInterfaceIds",
    "DescribeTags": "",
}
_PAGES_BY_DEFAULT: Mapping[str, int] = {"GetManagedPrefixListEntries": 100}


class Pages:
    """Cuts answers into pages; tokens are sealed with a key of this lab's run."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def cut(
        self,
        account: str,
        region: str,
        action: str,
        params: Mapping[str, Any],
        answer: dict[str, Any],
        *,
        repeat_token: bool = False,
    ) -> dict[str, Any]:
        """The page the parameters ask for; `repeat_token` gives the same token again, as a fault."""
        if not models.pages(action):
            return answer
        name = models.list_member(action)
        if not name:
            return answer
        limit = self._limit(action, params)
        start = self._start(account, region, action, params)
        rows = answer.get(name, [])
        if limit is None:
            if start == 0:
                return answer
            limit = len(rows)
        if start > len(rows):
            raise _invalid(params.get("NextToken"))
        page = {**answer, name: rows[start : start + limit]}
        if repeat_token and (params.get("NextToken") or start + limit < len(rows)):
            page["NextToken"] = params.get("NextToken") or self._token(
                account, region, action, params, start + limit
            )
        elif start + limit < len(rows):
            page["NextToken"] = self._token(account, region, action, params, start + limit)
        return page

    def _limit(self, action: str, params: Mapping[str, Any]) -> int | None:
        if "MaxResults" not in params:
            return _PAGES_BY_DEFAULT.get(action)
        ids = _WITHOUT_IDS.get(action)
        if ids and params.get(ids):
            raise AwsError(
                "InvalidParameterCombination",
                f"The parameter {ids[0].lower()}{ids[1:]} cannot be used with the parameter "
                "maxResults",
            )
        low, high = models.page_limits(action)
        wanted = int(params["MaxResults"])
        if not low <= wanted <= high:
            raise AwsError(
                "InvalidParameterValue",
                f"Value ( {wanted} ) for parameter maxResults is invalid. Expecting a value "
                f"between {low} and {high}.",
            )
        return wanted

    def _start(self, account: str, region: str, action: str, params: Mapping[str, Any]) -> int:
        token = params.get("NextToken")
        if not token:
            return 0
        start, _, seal = str(token).partition(".")
        if not start.isdigit() or not hmac.compare_digest(
            seal, self._seal(account, region, action, params, int(start))
        ):
            raise _invalid(token)
        return int(start)

    def _token(
        self, account: str, region: str, action: str, params: Mapping[str, Any], start: int
    ) -> str:
        return f"{start}.{self._seal(account, region, action, params, start)}"

    def _seal(
        self, account: str, region: str, action: str, params: Mapping[str, Any], start: int
    ) -> str:
        same = {k: v for k, v in params.items() if k not in ("NextToken", "MaxResults", "DryRun")}
        text = json.dumps([account, region, action, start, same], sort_keys=True, default=str)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:40]


def _invalid(token: object) -> AwsError:
    return AwsError("InvalidNextToken", f"The token '{token}' is invalid")
