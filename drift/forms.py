"""What people fill in about baselines."""

from django import forms

from drift.states import TrustLevel, choices

_LONGEST_NOTE = 4_000


class CaptureForm(forms.Form):
    """Approve the present configuration."""

    name = forms.CharField(max_length=120, required=False)
    reason = forms.CharField(max_length=_LONGEST_NOTE, required=False, widget=forms.Textarea)


class TrustForm(forms.Form):
    """How far the product may go."""

    level = forms.ChoiceField(choices=choices(TrustLevel))
    reason = forms.CharField(max_length=_LONGEST_NOTE, required=False)


class LimitsForm(forms.Form):
    """When an automatic repair may run."""

    settle_seconds = forms.IntegerField(min_value=0)
    max_age_seconds = forms.IntegerField(min_value=1)
