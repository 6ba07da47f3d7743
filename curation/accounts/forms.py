"""What members fill in about themselves."""

from __future__ import annotations

from django import forms

from curation.accounts.rules import NAME_LONGEST, NameRefused, clean_name
from curation.briefs.rules import TextRefused


class NameForm(forms.Form):
    """The name others see; empty for none."""

    name = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"maxlength": NAME_LONGEST, "autocomplete": "nickname", "spellcheck": "false"}
        ),
    )

    def clean_name(self) -> str:
        try:
            return clean_name(self.cleaned_data["name"])
        except (NameRefused, TextRefused) as error:
            raise forms.ValidationError(str(error)) from error
