"""Forms of users, tokens and the audit trail's filters."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from identity.roles import ROLES
from identity.scopes import is_scope
from identity.selectors import AuditFilter

_LIFETIMES = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year"))


class ScopesField(forms.CharField):
    """One scope a line."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "form-control mono"})

    def clean(self, value: str | None) -> list[str]:
        """The lines as a list, each checked."""
        lines = [line.strip() for line in (super().clean(value) or "").splitlines()]
        found = list(dict.fromkeys(line for line in lines if line))
        wrong = [line for line in found if not is_scope(line)]
        if wrong:
            raise forms.ValidationError(
                f"{wrong[0]!r} is no scope: write *, account:123456789012 or ou:/Root/Unit."
            )
        return found


def _role_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[(role, role.capitalize()) for role in ROLES],
        widget=forms.Select(attrs={"class": "form-select"}),
    )


def _scopes_field() -> ScopesField:
    return ScopesField(
        required=False,
        label="Sees these accounts",
        help_text="One a line: * for all, account:123456789012, or ou:/Root/Unit. Empty: none.",
    )


class NewUserForm(forms.Form):
    """A user to create; the password is generated."""

    username = forms.CharField(
        max_length=64,
        validators=[UnicodeUsernameValidator()],
        label="User name",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    role = _role_field()
    scopes = _scopes_field()


class AccessForm(forms.Form):
    """What a user may do and see."""

    role = _role_field()
    scopes = _scopes_field()


class TokenForm(forms.Form):
    """An API token to issue."""

    name = forms.CharField(
        max_length=80,
        label="What is it for?",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(
        coerce=int,
        choices=_LIFETIMES,
        initial=30,
        label="Ends after",
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class AuditFilterForm(forms.Form):
    """The filters of the activity page, as they stand in the address."""

    actor = forms.CharField(required=False, max_length=150, label="Who")
    action = forms.CharField(required=False, max_length=80, label="Action")
    subject = forms.CharField(required=False, max_length=181, label="Subject")
    account = forms.CharField(required=False, max_length=12, label="Account")
    text = forms.CharField(required=False, max_length=200, label="Text")
    before = forms.IntegerField(required=False, min_value=1)

    def wanted(self) -> AuditFilter:
        """The filter; a field with a wrong value filters nothing."""
        self.is_valid()
        return AuditFilter(**{name: value for name, value in self.cleaned_data.items() if value})
