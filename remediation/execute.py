"""Carrying out approved plans: the one place that changes anything in a customer's account.

For each execution: enter the account through its remediation role with a session policy of
exactly this plan; compare the live state, and what the impact rests on, with the plan; then for
each step commit the intent, call AWS, commit the outcome; read again until the live state is the
promised one; and let the inventory read it too, so that the finding is resolved by evidence.

What a crash or a lost answer leaves open is settled by reading: the live state is one of the
states that the plan passes through, or the execution ends as `unverified`.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from identity.problems import DomainError
from inventory import access, aws, refresh
from inventory.aws import AwsError, Credentials, Failure
from remediation import executions, gates, live
from remediation.actions import content
from remediation.actions.policy import PolicyTooLongError, session_policy
from remediation.actions.rules import RULE, revoke, words
from remediation.actions.sessions import session_name
from remediation.executions import Claim, HaltedError, LostLeaseError
from remediation.models import Execution, StepRecord
from remediation.states import ExecutionState

log = structlog.get_logger()
Config = dict[str, Any]
TRIES = 3  # of one call that was throttled or not answered
# Every operation by which this product may change anything; a test holds all planners to it.
WRITES = frozenset(
    (
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
    )
)
DONE = ("done", "already")
_RECORDED = {
    "already": "already",
    "throttled": "refused",
    "refused": "refused",
    "unanswered": "unknown",
    "unknown": "unknown",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of the work, so that tests need not wait. A call ends before a lease does."""

    lease: timedelta
    call_timeout: timedelta
    verify_within: timedelta = timedelta(seconds=60)
    first_pause: timedelta = timedelta(milliseconds=500)
    clock: Callable[[], datetime] = timezone.now
    sleep: Callable[[float], None] = time.sleep
    stopwatch: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if self.call_timeout >= self.lease:
            raise ValueError("a call must end before the lease does")


def usual_pace() -> Pace:
    """From the settings."""
    return Pace(
        lease=timedelta(seconds=settings.LEASE_SECONDS),
        call_timeout=timedelta(seconds=settings.AWS_CALL_TIMEOUT_SECONDS),
    )


def execute_due(pace: Pace | None = None) -> int:
    """Carry out everything that is due, one after the other. Safe to run in many workers at once."""
    pace = pace or usual_pace()
    count = 0
    while claimed := executions.claim(now=pace.clock(), lease=pace.lease):
        _Repair(claimed, pace).run()
        count += 1
    return count


class _Repair:
    """One worker's go at one execution."""

    def __init__(self, claimed: Claim, pace: Pace) -> None:
        self.claimed = claimed
        self.pace = pace
        self.execution = self._renewed()
        self.plan = self.execution.plan
        self.content: Config = self.plan.content
        self.steps: Sequence[Config] = self.content["steps"]
        self.written = False

    def run(self) -> None:
        """Carry it through, to whatever end. A lost lease ends this worker's part silently."""
        try:
            try:
                self._carry_out()
            except HaltedError as halted:
                self._halt(halted)
        except LostLeaseError as lost:
            log.warning("repair.lease-lost", execution=self.claimed.execution_id, why=str(lost))

    def _carry_out(self) -> None:
        journal = {step.number: step for step in self.execution.steps.order_by("number")}
        self.written = bool(journal)
        if self.execution.attempts > executions.ATTEMPTS:
            raise HaltedError(self._failure, f"Given up after {executions.ATTEMPTS} attempts.")
        if not self.written:
            now = self.pace.clock()
            if reason := gates.obstacle(self.execution, now=now, written=False):
                raise HaltedError(ExecutionState.STOPPED, reason)
        credentials = self._enter(self.steps)
        if self.execution.state != ExecutionState.VERIFYING:
            for step in self.steps[self._settled(journal, credentials) :]:
                self._make_sure_adds_are_there(step, credentials)
                self._do(step, credentials)
        self._verify(credentials)

    @property
    def _failure(self) -> ExecutionState:
        """What a dead end is called: once a call was intended, it is not known what AWS holds."""
        return ExecutionState.UNVERIFIED if self.written else ExecutionState.FAILED

    def _halt(self, halted: HaltedError) -> None:
        reason = halted.reason
        if halted.state is ExecutionState.STOPPED and (done := self._steps_done()):
            reason = f"{reason} Done before that: {'; '.join(done)}."
        if halted.state in (ExecutionState.STALE, ExecutionState.UNVERIFIED):
            self._let_inventory_look()
        executions.conclude(self.claimed, halted.state, now=self.pace.clock(), reason=reason)

    def _steps_done(self) -> list[str]:
        found = StepRecord.objects.filter(execution=self.execution, outcome__in=DONE)
        return [str(step.call["purpose"]) for step in found.order_by("number")]

    def _renewed(self) -> Execution:
        return executions.renew(self.claimed, now=self.pace.clock(), lease=self.pace.lease)

    # Entering and reading ----------------------------------------------------------------------

    def _enter(self, steps: Sequence[Mapping[str, Any]]) -> Credentials:
        """A session that may do these steps and read what they touch, and nothing else."""
        try:
            return access.writer(
                self.plan.account,
                session_policy=session_policy(steps, region=self.plan.region),
                source_identity=self.execution.source_identity,
                session_name=session_name(self.plan.pk),
            )
        except PolicyTooLongError as problem:
            raise HaltedError(self._failure, str(problem)) from problem
        except (AwsError, DomainError) as error:
            raise HaltedError(
                self._failure, f"The remediation role could not be entered: {error}"
            ) from error

    def _state(self, credentials: Credentials) -> Config:
        return live.read_state(self.plan, credentials=credentials)

    def _settled(self, journal: Mapping[int, StepRecord], credentials: Credentials) -> int:
        """How many steps are done already; for a first attempt, the check before the first write.

        Raises `HaltedError` as stale when the plan was made for another state, or for another impact.
        """
        try:
            if journal:
                return self._recovered(journal, credentials)
            state = self._state(credentials)
            found = content.differences(self.content["before"], state)
            found += content.interface_differences(
                self.content["impact"], live.read_interfaces(self.plan, credentials=credentials)
            )
        except AwsError as error:
            raise HaltedError(
                self._failure, f"The live state could not be read: {error}"
            ) from error
        if found:
            raise HaltedError(ExecutionState.STALE, "; ".join(found) + ".")
        return 0

    def _recovered(self, journal: Mapping[int, StepRecord], credentials: Credentials) -> int:
        """Where an earlier worker got to, by what AWS holds now."""
        confirmed = sum(journal[n].outcome in DONE for n in journal if n <= len(self.steps))
        stage = self._stage(credentials, at_least=confirmed)
        for number in sorted(journal):
            if number <= stage and journal[number].outcome not in DONE:
                executions.record(
                    self.claimed, number=number, outcome="already", now=self.pace.clock()
                )
        return stage

    def _stage(self, credentials: Credentials, *, at_least: int) -> int:
        """How many steps the live state shows as done, waiting for AWS to show `at_least`."""
        stage: int | None = None
        for _ in self._pauses():
            state = self._state(credentials)
            stage = content.stage_of(self.content, state)
            if stage is not None and stage >= at_least:
                return stage
        found = content.differences(content.stages(self.content)[at_least], state)
        raise HaltedError(
            ExecutionState.UNVERIFIED,
            f"After step {at_least} the live state is not what the plan expects: "
            + "; ".join(found),
        )

    def _pauses(self) -> Iterator[None]:
        """Once at once, then with growing pauses until the time for verifying is over."""
        began, pause = self.pace.clock(), self.pace.first_pause
        yield
        while self.pace.clock() - began + pause <= self.pace.verify_within:
            self.pace.sleep(pause.total_seconds())
            self._renewed()
            yield
            pause = min(pause * 2, timedelta(seconds=8))

    # Writing -----------------------------------------------------------------------------------

    def _make_sure_adds_are_there(self, step: Config, credentials: Credentials) -> None:
        """Before the first removal: what was added must be seen to be there."""
        earlier = self.steps[: step["number"] - 1]
        if step["removes"] and any(each["adds"] for each in earlier):
            try:
                self._stage(credentials, at_least=len(earlier))
            except AwsError as error:
                raise HaltedError(
                    ExecutionState.UNVERIFIED, f"The live state could not be read: {error}"
                ) from error

    def _do(self, step: Config, credentials: Credentials) -> None:
        """One step: intent, call, outcome. Only what surely was not applied is tried again."""
        number = step["number"]
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._intend_and_call(number, step, credentials)
            except AwsError as error:
                outcome = self._outcome_after(error, step, credentials)
                if outcome in ("throttled", "unanswered") and attempt < TRIES:
                    self.pace.sleep(self.pace.first_pause.total_seconds() * attempt)
                    continue
                self._record(number, _RECORDED[outcome], error=str(error))
                if outcome == "already":
                    return
                if _RECORDED[outcome] == "unknown":
                    raise HaltedError(ExecutionState.UNVERIFIED, str(error)) from error
                undone = self._compensate(number - 1)
                raise HaltedError(ExecutionState.FAILED, f"{error}{undone}") from error
            self._record(number, "done", answer=answer)
            return

    def _intend_and_call(
        self, number: int, step: Mapping[str, Any], credentials: Credentials
    ) -> Config:
        began = self.pace.stopwatch()
        executions.intend(
            self.claimed,
            number=number,
            call=step,
            now=self.pace.clock(),
            lease=self.pace.lease,
            written=self.written,
        )
        self.written = True
        # A worker that was suspended since then may have lost the lease: its time counts on.
        left = self.pace.lease.total_seconds() - (self.pace.stopwatch() - began)
        if left <= self.pace.call_timeout.total_seconds():
            raise LostLeaseError("too little of the lease is left for a call")
        operation = str(step["operation"])
        if operation not in WRITES:
            raise HaltedError(
                ExecutionState.FAILED, f"{operation} is not on the list of allowed writes."
            )
        answer = aws.call(
            step["service"],
            self.plan.region,
            operation,
            step["params"],
            credentials=credentials,
            account=self.plan.account.account_id,
            once=True,
        )
        metadata = answer.pop("ResponseMetadata", {})
        return {
            **json.loads(json.dumps(answer, default=str)),
            "RequestId": metadata.get("RequestId"),
        }

    def _record(
        self, number: int, outcome: str, *, answer: Config | None = None, error: str = ""
    ) -> None:
        executions.record(
            self.claimed,
            number=number,
            outcome=outcome,
            now=self.pace.clock(),
            answer=answer,
            error=error,
        )

    def _outcome_after(self, error: AwsError, step: Config, credentials: Credentials) -> str:
        """What became of a call that failed: by the live state, never by the code alone.

        A call that AWS did not answer may still arrive; repeating it is safe, since rules are
        revoked by id and a rule that exists is not written twice.
        """
        if error.failure is Failure.THROTTLED:
            return "throttled"
        try:
            stage = content.stage_of(self.content, self._state(credentials))
        except AwsError:
            return "unknown"
        if stage == step["number"]:
            return "already"
        if stage == step["number"] - 1:
            return "unanswered" if error.retryable else "refused"
        return "unknown"

    def _compensate(self, done: int) -> str:
        """Take back what was added, if nothing was removed yet. Says what came of it."""
        earlier = self.steps[:done]
        if not earlier or any(step["removes"] for step in earlier):
            return ""
        try:
            reading = self._enter([])
            added = content.new_ids(content.stages(self.content)[done], self._state(reading))
            place = {"account": self.plan.account.account_id, "region": self.plan.region}
            for number, (id, rule) in enumerate(sorted(added.items()), len(self.steps) + 1):
                step = revoke([id], rule, **place, purpose=f"Take back {words(rule)}")
                call = step.as_json(number)
                answer = self._intend_and_call(number, call, self._enter([call]))
                self._record(number, "done", answer=answer)
        except (AwsError, HaltedError) as problem:
            return f" What was added before could not all be taken back: {problem}"
        return " What was added before was taken back."

    # Proving -----------------------------------------------------------------------------------

    def _verify(self, credentials: Credentials) -> None:
        """Read until the live state is the promised one; only then is anything called verified."""
        executions.verifying(self.claimed, now=self.pace.clock(), lease=self.pace.lease)
        found: list[str] = []
        for _ in self._pauses():
            seen_at = self.pace.clock()
            try:
                state = self._state(credentials)
            except AwsError as error:
                found = [str(error)]
                continue
            found = content.differences(self.content["after"], state)
            if not found:
                self._let_inventory_look()
                executions.conclude(
                    self.claimed,
                    ExecutionState.VERIFIED,
                    now=self.pace.clock(),
                    live=state,
                    verified_at=seen_at,
                )
                return
        raise HaltedError(
            ExecutionState.UNVERIFIED,
            "The live state is not what was promised: " + "; ".join(found),
        )

    def _let_inventory_look(self) -> None:
        """The same filtered read as any scan's, so that findings follow by evidence."""
        try:
            refresh.refresh(
                self.plan.account,
                region=self.plan.region,
                type=RULE,
                parent_ids=[self.content["resource"]["id"]],
                now=self.pace.clock(),
            )
        except AwsError as error:  # the next scan will see it
            log.warning("repair.refresh-failed", plan=self.plan.pk, why=str(error))
