"""One API call from its bytes to its answer: signature, region, faults, buckets, IAM, effect, pages."""

import copy
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab import faults, journal, others, regions, replies, resources, sts, wire
from lab.calls import Call, Calls
from lab.directory import Directory, Principal
from lab.emulator import Emulator, is_read
from lab.errors import AwsError
from lab.paging import Pages
from lab.policy import Access, refusal
from lab.refusals import access_denied, dry_run, expired, foreign_region, of_fault, unknown_key
from lab.replies import Reply
from lab.roles import DEVELOPER_ROLE
from lab.throttling import Buckets
from lab.wire import ApiCall, HttpRequest


@dataclass(slots=True)
class _Trace:
    """What is known of a call so far, for the log and for errors."""

    service: str = ""
    call: ApiCall | None = None
    principal: Principal | None = None


class Engine:
    """Answers API calls; safe to use from several threads."""

    def __init__(
        self,
        emulator: Emulator,
        directory: Directory,
        *,
        management_account: str,
        throttle: bool = True,
    ) -> None:
        self.emulator = emulator
        self.directory = directory
        self.management_account = management_account
        self.calls = Calls()
        self.faults = faults.Faults()
        self.stopping = threading.Event()
        self._buckets = Buckets() if throttle else None
        self._pages = Pages()
        self._changes = 0
        self._journal: journal.Journal | None = None

    def open_journal(self, path: Path) -> list[str]:
        """Carry out the changes of earlier runs and keep a record from now on.

        Returns a line for each change that did not come out as it did then.
        """
        problems = []
        for entry in journal.read(path):
            self._changes = entry.number
            try:
                answer = self.emulator.write(
                    entry.account,
                    entry.region,
                    entry.action,
                    entry.params,
                    number=entry.number,
                    at=entry.at,
                )
            except AwsError as error:
                problems.append(f"change {entry.number} ({entry.action}) failed: {error}")
                continue
            if journal.ids_in(answer) != entry.ids:
                problems.append(f"change {entry.number} ({entry.action}) made other ids")
        self._journal = journal.Journal(path)
        return problems

    def close(self) -> None:
        """Let hanging answers go and close the journal."""
        self.stopping.set()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def handle(self, request: HttpRequest) -> Reply:
        """Answer one request; every call that names an action is logged."""
        trace = _Trace()
        try:
            reply = self._answer(request, trace)
        except AwsError as error:
            reply = replies.error(trace.service, error)
        if trace.call is not None:
            self._log(trace, reply)
        return reply

    def _answer(self, request: HttpRequest, trace: _Trace) -> Reply:
        scope = wire.scope_of(request)
        trace.service = scope.service
        call = trace.call = wire.parse(request, scope)
        principal = self.directory.find(scope.access_key)
        if principal is None or principal.account in self.directory.suspended:
            raise unknown_key(call.service)
        trace.principal = principal
        self._authenticate(call, principal)
        fault = self._strike(faults.BEFORE, call, principal)
        if fault is not None:
            if fault.kind in faults.REFUSALS:
                raise of_fault(fault.kind, call.service, principal, call.action)
            if fault.kind != "slow":
                return Reply(
                    0,
                    b"",
                    {"seconds": str(fault.seconds)},
                    wire="reset" if fault.kind == "reset" else "hang",
                )
            self.stopping.wait(fault.seconds)
        return self._late_faults(call, principal, self._effect(call, principal))

    def _authenticate(self, call: ApiCall, principal: Principal) -> None:
        if not regions.usable(call.region):
            raise foreign_region(call.service)
        if not wire.signed_by(call.request, call.scope, principal.secret_key):
            code = "AuthFailure" if call.service == "ec2" else "SignatureDoesNotMatch"
            raise AwsError(code, "The request signature does not match.", status=403)
        if call.request.headers.get("x-amz-security-token", "") != principal.token:
            raise unknown_key(call.service)
        if principal.expires is not None and datetime.now(UTC) >= principal.expires:
            raise expired(call.service)

    def _effect(self, call: ApiCall, principal: Principal) -> Reply:
        if call.service == "sts":
            if call.action != "AssumeRole":  # AssumeRole asks for itself, with more context
                self._permit(call, principal, [])
            value = sts.run(self.directory, principal, call.region, call.action, call.params)
            return replies.answer("sts", call.action, value)
        if call.service != "ec2":
            return self._other(call, principal)
        read = is_read(call.action)
        if self._buckets is not None:
            self._buckets.charge(
                principal.account, call.region, call.action, call.params, read=read
            )
        with self.emulator.lock:
            wanted = resources.accesses(principal, call.region, call.action, call.params)
        self._permit(call, principal, wanted)
        if call.params.get("DryRun"):
            raise dry_run()
        if not read:
            return replies.answer("ec2", call.action, self._change(call, principal))
        answer = self.emulator.read(principal.account, call.region, call.action, call.params)
        repeated = self._strike(faults.PAGING, call, principal) is not None
        page = self._pages.cut(
            principal.account,
            call.region,
            call.action,
            call.params,
            answer,
            repeat_token=repeated,
        )
        reply = replies.answer("ec2", call.action, page)
        later = bool(call.params.get("NextToken")) or "NextToken" not in page
        if later and self._strike(faults.CUTTING, call, principal) is not None:
            reply.wire = "cut"
        return reply

    def _change(self, call: ApiCall, principal: Principal) -> dict[str, Any]:
        params = copy.deepcopy(call.params)
        with self.emulator.lock:
            now = datetime.now(UTC).replace(tzinfo=None)
            at = now - timedelta(microseconds=now.microsecond % 1000)
            answer = self.emulator.write(
                principal.account,
                call.region,
                call.action,
                params,
                number=self._changes + 1,
                at=at,
            )
            self._changes += 1
            if self._journal is not None:
                self._journal.append(
                    journal.Entry(
                        number=self._changes,
                        at=at,
                        account=principal.account,
                        region=call.region,
                        action=call.action,
                        params=call.params,
                        ids=journal.ids_in(answer),
                    )
                )
        return answer

    def _other(self, call: ApiCall, principal: Principal) -> Reply:
        self._permit(call, principal, [])
        account = principal.account
        if call.service == "organizations":
            if account != self.management_account:
                if call.action != "DescribeOrganization":
                    raise AwsError(
                        "AccessDeniedException",
                        "You don't have permissions to access this resource.",
                    )
                account = self.management_account
            if int(call.params.get("MaxResults") or 1) > 20:
                raise AwsError(
                    "InvalidInputException", "You provided a value that is too large: maxResults"
                )
        with self.emulator.lock:
            return others.run(account, call)

    def _permit(self, call: ApiCall, principal: Principal, wanted: list[Access]) -> None:
        if not wanted:
            if call.action == "GetCallerIdentity":
                return
            context = resources.caller_context(principal, call.region)
            wanted = [Access(f"{call.service}:{call.action}", "*", context)]
        refused = refusal(
            wanted, identity=principal.effective_policies, session=principal.session_policies
        )
        if refused is not None:
            raise access_denied(call.service, principal, refused)

    def _late_faults(self, call: ApiCall, principal: Principal, reply: Reply) -> Reply:
        fault = self._strike(faults.AFTER, call, principal)
        if fault is None:
            return reply
        if fault.kind == "malformed":
            page = b"<html><body><h1>502 Bad Gateway</h1><p>nothing to see"
            return Reply(200, page, {"Content-Type": "text/html"})
        reply.headers["seconds"] = str(fault.seconds)
        reply.wire = "hang"
        return reply

    def _strike(
        self, kinds: frozenset[str], call: ApiCall, principal: Principal
    ) -> faults.Fault | None:
        if principal.role is not None and principal.role.name == DEVELOPER_ROLE:
            return None
        accounts = {principal.account}
        if call.action == "AssumeRole":
            accounts.update(str(call.params.get("RoleArn", "")).split(":")[4:5])
        return self.faults.strike(kinds, accounts, call.region, call.service, call.action)

    def _log(self, trace: _Trace, reply: Reply) -> None:
        call, principal = trace.call, trace.principal
        if call is None:
            return
        params: Mapping[str, Any] = call.params
        self.calls.add(
            Call(
                account=principal.account if principal else "",
                region=call.region,
                service=call.service,
                action=call.action,
                params=params,
                status=reply.status,
                error_code=reply.error_code or ("" if reply.wire == "whole" else reply.wire),
                principal_arn=principal.arn if principal else "",
                source_identity=principal.source_identity if principal else "",
                session_name=principal.session_name if principal else "",
            )
        )

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the end of the lab."""
        self.stopping.wait(seconds)
