"""Forms of requests, decisions and kill switches."""

from django import forms

_REASON = forms.Textarea(attrs={"rows": 2, "class": "form-control", "required": True})


class RepairForm(forms.Form):
    """Ask for the plan that was shown, by its hash."""

    hash = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=2_000, widget=_REASON, label="Why now?", help_text="The approver reads this."
    )


class ApproveForm(forms.Form):
    """Approve exactly what was shown."""

    hash = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)


class RejectForm(forms.Form):
    """Decide against it."""

    reason = forms.CharField(max_length=2_000, widget=_REASON, label="Why not?")


class RollbackForm(forms.Form):
    """Undo a verified repair."""

    reason = forms.CharField(
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
        label="Why?",
    )


class SwitchForm(forms.Form):
    """Stop repairs of everything, of one account, or of one VPC."""

    scope = forms.RegexField(
        regex=r"^(\*|\d{12}|vpc-[0-9a-f]{8,17})$",
        initial="*",
        widget=forms.TextInput(attrs={"class": "form-control mono"}),
        label="Of what?",
        help_text="* for everything, an account's 12 digits, or a VPC's id.",
        error_messages={"invalid": "Write *, an account's 12 digits, or a VPC's id."},
    )
    reason = forms.CharField(max_length=500, widget=_REASON, label="Why?")
