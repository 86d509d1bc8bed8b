"""What people fill in when they triage a finding."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from findings.lifecycle import LONGEST_SNOOZE, LONGEST_WAIVER, NEEDS_REASON, Action

_LONGEST_NOTE = 4_000


class ActionForm(forms.Form):
    """A reason, and an end where the action needs one; `decision()` is what the service takes."""

    action: ClassVar[Action]
    reason = forms.CharField(max_length=_LONGEST_NOTE, required=False, widget=forms.Textarea)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = self.action in NEEDS_REASON

    def decision(self) -> dict[str, Any]:
        """Keyword arguments for `services.decide`."""
        return {"action": self.action, "reason": self.cleaned_data["reason"]}


class AcknowledgeForm(ActionForm):
    """Seen, and someone will look at it."""

    action = Action.ACKNOWLEDGE


class FalsePositiveForm(ActionForm):
    """The rule is wrong about this resource."""

    action = Action.FALSE_POSITIVE


class ReopenForm(ActionForm):
    """Back to review."""

    action = Action.REOPEN


class SnoozeForm(ActionForm):
    """Not now."""

    action = Action.SNOOZE
    days = forms.TypedChoiceField(
        coerce=int,
        choices=[(1, "1 day"), (7, "1 week"), (30, "30 days"), (LONGEST_SNOOZE.days, "90 days")],
    )

    def decision(self) -> dict[str, Any]:
        """With the end of the snooze."""
        until = timezone.now() + timedelta(days=self.cleaned_data["days"])
        return super().decision() | {"until": until}


class AcceptForm(ActionForm):
    """The risk is known and carried until a day."""

    action = Action.ACCEPT
    until = forms.DateField()

    def clean_until(self) -> Any:
        """A day after today, at most a year ahead."""
        day = self.cleaned_data["until"]
        today = timezone.now().date()
        if day <= today:
            raise forms.ValidationError("Choose a day in the future.")
        if day >= today + LONGEST_WAIVER:
            raise forms.ValidationError(f"Choose a day within {LONGEST_WAIVER.days} days.")
        return day

    def decision(self) -> dict[str, Any]:
        """With the end of the chosen day, in UTC."""
        end = datetime.combine(self.cleaned_data["until"], time(23, 59, 59), tzinfo=UTC)
        return super().decision() | {"until": end}


FORMS: dict[Action, type[ActionForm]] = {
    form.action: form
    for form in (AcknowledgeForm, SnoozeForm, AcceptForm, FalsePositiveForm, ReopenForm)
}


class CommentForm(forms.Form):
    """A remark for the timeline."""

    text = forms.CharField(max_length=_LONGEST_NOTE, widget=forms.Textarea)


class BulkForm(forms.Form):
    """Findings ticked, or all that the page showed, and one reason."""

    which = forms.ChoiceField(choices=[("selected", "Selected"), ("page", "All on this page")])
    reason = forms.CharField(max_length=_LONGEST_NOTE)
