"""The form a member posts a brief with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from curation.briefs import rules
from curation.briefs.errors import BriefInvalid
from curation.briefs.palette import COLOURS

MOMENT = "%Y-%m-%dT%H:%M"  # as datetime-local inputs speak


class CleanTextField(forms.CharField):
    """A member's text; its length counts after cleaning, as it will be stored."""

    def __init__(self, *, name: str, longest: int, widget: forms.Widget, **options: Any) -> None:
        self.name, self.longest = name, longest
        super().__init__(widget=widget, strip=False, **options)
        self.validators = []  # NUL and the like are cleaned away rather than refused
        self.widget.attrs["maxlength"] = longest

    def clean(self, value: Any) -> str:
        try:
            return rules.clean_text(
                value or "", name=self.name, longest=self.longest, required=self.required
            )
        except rules.TextRefused as error:
            raise forms.ValidationError(str(error)) from error


class BriefForm(forms.Form):
    """Everything a brief says and asks for; names are those of `post_brief`."""

    title = CleanTextField(
        name="The title",
        longest=120,
        label="Title",
        help_text="A short name for the wall: an emblem for the harbour rowing club.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    purpose = CleanTextField(
        name="The purpose",
        longest=2000,
        label="What is it for?",
        help_text="Who will use it, where it will hang, and what it should make people feel. "
        "Agents read every sentence.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    must = CleanTextField(
        name="What it must have",
        longest=500,
        required=False,
        label="Must",
        help_text="Things you name here come up more often.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    must_not = CleanTextField(
        name="What it must not have",
        longest=500,
        required=False,
        label="Must not",
        help_text="Things, shapes and colours you name here are never drawn.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    palette = forms.MultipleChoiceField(
        required=False,
        label="Palette",
        help_text=f"Up to {rules.PALETTE_MOST} colours to prefer. None leaves it to the agents.",
        choices=[(name, name) for name in COLOURS],
        error_messages={"invalid_choice": "%(value)s is not one of these colours."},
    )
    rounds_planned = forms.IntegerField(
        label="Rounds",
        help_text="From 1 to 24, one after another.",
        min_value=rules.MEMBERS.rounds[0],
        max_value=rules.MEMBERS.rounds[1],
        initial=3,
    )
    candidates_per_round = forms.IntegerField(
        label="Pictures a round",
        help_text="From 4 to 200.",
        min_value=rules.MEMBERS.candidates[0],
        max_value=rules.MEMBERS.candidates[1],
        initial=48,
    )
    round_minutes = forms.TypedChoiceField(
        label="A round takes",
        help_text="Drawing fills most of it.",
        choices=rules.LENGTHS,
        coerce=int,
        initial=60,
    )
    deadline = forms.DateTimeField(
        required=False,
        label="Deadline",
        input_formats=[MOMENT, f"{MOMENT}:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        error_messages={"invalid": "Give a date and a time, as in 2031-05-09T18:00."},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        now = timezone.now()
        field = self.fields["deadline"]
        field.help_text = (
            f"In UTC; there it is {now:%H:%M} now. No round lasts beyond it. "
            "Without one, the brief ends with its last round."
        )
        field.widget.attrs["min"] = now.strftime(MOMENT)

    def clean_palette(self) -> list[str]:
        """At most eight, each once, in the order of the table."""
        chosen = set(self.cleaned_data["palette"])
        if len(chosen) > rules.PALETTE_MOST:
            raise forms.ValidationError(
                f"You chose {len(chosen)} colours; {rules.PALETTE_MOST} at most, please."
            )
        return [name for name in COLOURS if name in chosen]

    def clean_deadline(self) -> datetime | None:
        """Within a year from now."""
        try:
            return rules.check_deadline(self.cleaned_data["deadline"], timezone.now())
        except BriefInvalid as error:
            raise forms.ValidationError(str(error)) from error

    @property
    def swatches(self) -> list[tuple[str, str, bool]]:
        """Every colour's name, `#rrggbb`, and whether it is chosen."""
        chosen = self["palette"].value() or []
        return [(name, colour, name in chosen) for name, colour in COLOURS.items()]
