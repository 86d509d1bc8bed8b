"""Forms that connect sources and accounts."""

import re
from typing import Any

from django import forms

_ROLE_NAME = re.compile(r"[\w+=,.@/-]{1,64}")
_ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]{1,128}")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}")
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-\d{1,2}")
_ACCOUNT = re.compile(r"\d{12}")


def _text(label: str, help_text: str = "", *, required: bool = False) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=1224, widget=widget
    )


def _check(value: str, pattern: re.Pattern[str], problem: str) -> str:
    text = value.strip()
    if text and pattern.fullmatch(text) is None:
        raise forms.ValidationError(problem)
    return text


class SourceForm(forms.Form):
    """An organisation to connect."""

    name = _text("Name", "What people call this organisation.", required=True)
    management_account = _text(
        "Management account",
        "12 digits; its read role lists the accounts. Leave empty to add accounts by hand.",
    )
    role_name = _text("Read role", "Its name, the same in every account.", required=True)
    remediation_role_name = _text(
        "Remediation role", "Entered for approved repairs only. Empty: nothing can be repaired."
    )
    external_id = _text("External id", "As in the roles' trust policies.", required=True)
    regions = _text("Regions", "Names with commas between. Empty: every enabled region.")

    def clean_name(self) -> str:
        """No longer than a column."""
        name = str(self.cleaned_data["name"]).strip()
        if len(name) > 120:
            raise forms.ValidationError("At most 120 characters.")
        return name

    def clean_management_account(self) -> str:
        """12 digits."""
        return _check(
            self.cleaned_data["management_account"], _ACCOUNT, "An account has 12 digits."
        )

    def clean_role_name(self) -> str:
        """A name, not an ARN."""
        return _check(self.cleaned_data["role_name"], _ROLE_NAME, "The name of a role, no ARN.")

    def clean_remediation_role_name(self) -> str:
        """A name, not an ARN."""
        name = self.cleaned_data["remediation_role_name"]
        return _check(name, _ROLE_NAME, "The name of a role, no ARN.")

    def clean_external_id(self) -> str:
        """What STS takes."""
        return _check(
            self.cleaned_data["external_id"],
            _EXTERNAL_ID,
            "2 to 1,224 letters, digits and + = , . @ : / -",
        )

    def clean_regions(self) -> list[str]:
        """The names as a list."""
        names = [name for name in re.split(r"[,\s]+", self.cleaned_data["regions"]) if name]
        for name in names:
            _check(name, _REGION, f"{name!r} is no region; write eu-central-1, us-east-1.")
        return names


class AccountForm(forms.Form):
    """An account to add by hand; empty fields take the source's."""

    source = forms.TypedChoiceField(
        label="Source", coerce=int, widget=forms.Select(attrs={"class": "form-select"})
    )
    account_id = _text("Account id", "12 digits.", required=True)
    name = _text("Name", required=True)
    role_arn = _text("Read role ARN", "Empty: the source's role name in this account.")
    remediation_role_arn = _text("Remediation role ARN", "Empty: the source's.")
    external_id = _text("External id", "Empty: the source's.")

    def __init__(self, *args: Any, sources: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = sources  # type: ignore[attr-defined]

    def clean_account_id(self) -> str:
        """12 digits."""
        return _check(self.cleaned_data["account_id"], _ACCOUNT, "An account has 12 digits.")

    def clean_name(self) -> str:
        """No longer than a column."""
        name = str(self.cleaned_data["name"]).strip()
        if len(name) > 120:
            raise forms.ValidationError("At most 120 characters.")
        return name

    def clean_role_arn(self) -> str:
        """The ARN of a role."""
        return _check(self.cleaned_data["role_arn"], _ROLE_ARN, "arn:aws:iam::…:role/…")

    def clean_remediation_role_arn(self) -> str:
        """The ARN of a role."""
        arn = self.cleaned_data["remediation_role_arn"]
        return _check(arn, _ROLE_ARN, "arn:aws:iam::…:role/…")

    def clean_external_id(self) -> str:
        """What STS takes."""
        return _check(
            self.cleaned_data["external_id"],
            _EXTERNAL_ID,
            "2 to 1,224 letters, digits and + = , . @ : / -",
        )
