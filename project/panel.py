"""The operators' page about settings in force. What could be a secret is not shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curation.accounts.models import Member
from curation.moderation.desk import operators_only, tabs
from project.env import Env
from project.variables import KeySource


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable and what is in force."""

    name: str
    value: str
    hidden: bool = False  # `value` says only that there is one, or where it leads


@operators_only
@require_safe
def in_force(request: HttpRequest, me: Member) -> HttpResponse:
    """Every variable of the environment, as this process read it when it started."""
    context = tabs(me) | {"rows": list(settings_of(settings.ENV))}
    return render(request, "moderation/settings.html", context)


def settings_of(env: Env) -> Iterator[Setting]:
    """An environment's variables in words; fields kept out of its `repr` are secrets."""
    for field in fields(env):
        value = getattr(env, field.name)
        name = field.name.upper()
        if isinstance(value, KeySource):
            yield Setting(name, _source(value), hidden=True)
        elif not field.repr:
            yield Setting(name, _place(str(value)), hidden=True)
        else:
            yield Setting(name, _words(value))


def _source(source: KeySource) -> str:
    """Where a key comes from; never the key."""
    if source.key:
        return "a key is given"
    return f"keystore {source.keystore}" if source.keystore else "none given"


def _place(secret: str) -> str:
    """Of a URL where it leads, without what stands before or behind the host; else that it is."""
    if not secret:
        return "empty"
    parts = urlsplit(secret)
    return f"{parts.scheme}://{parts.hostname or '…'}" if "://" in secret else "set"


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return str(value) or "empty"
