"""Every address the site answers at, found by walking its URL patterns.

A pattern whose parameters, or a view whose query, nobody gave examples for is an error: whoever
adds one has to say what a crawl should ask it.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_QUERY = re.compile(r"""GET(?:\.get(?:list)?\(|\[)\s*["']([\w-]+)|["']([\w-]+)["'] in \w+\.GET""")


class NoExample(AssertionError):
    """The crawl does not know what to ask."""


@dataclass(frozen=True)
class Page:
    """One URL pattern."""

    name: str
    route: str  # as in urls.py, with its resolvers' in front
    queries: tuple[str, ...]  # names its view reads
    reads_htmx: bool
    is_api: bool

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.route)

    def paths(self, examples: Mapping[str, Sequence[str]]) -> list[str]:
        """The pattern with every combination of its parameters' examples.

        Raises:
            NoExample: a parameter has none.
        """
        if unknown := [name for name in self.parameters if not examples.get(name)]:
            raise NoExample(f"Give examples of {unknown} in /{self.route} (tests/curation/sealing)")
        found = []
        for values in itertools.product(*(examples[name] for name in self.parameters)):
            filled = iter(values)
            found.append("/" + _PARAMETER.sub(lambda _: next(filled), self.route))  # noqa: B023
        return found

    def searches(self, examples: Mapping[str, Sequence[str]]) -> list[str]:
        """Query strings to ask with: none, and one for every example of every name it reads.

        Raises:
            NoExample: a name has none.
        """
        if unknown := [name for name in self.queries if not examples.get(name)]:
            raise NoExample(f"Give examples of ?{unknown[0]}= of /{self.route}")
        return ["", *(f"?{name}={value}" for name in self.queries for value in examples[name])]


def pages() -> list[Page]:
    """All of them, in the order of the site's patterns."""
    described = _described()
    found = {}
    for route, name, view in _walk(get_resolver(), ""):
        is_api = _undotted(route) in described
        source = "" if is_api else _source(inspect.unwrap(view))
        queries = described.get(_undotted(route)) or sorted(_queries(source))
        found[route] = Page(name, route, tuple(queries), "request.htmx" in source, is_api)
    return list(found.values())


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, str, Any]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, route)
        elif isinstance(pattern.pattern, RoutePattern) or not pattern.pattern.regex.groups:
            yield route.replace("^", "").replace("$", ""), pattern.name or route, pattern.callback
        else:
            raise NoExample(f"The crawl cannot fill in the expression {route}; write it as a path")


def _source(view: Any) -> str:
    """A view's code with that of the functions beside it that it calls."""
    todo, seen = [view], {}
    while todo:
        function = inspect.unwrap(todo.pop())
        if not inspect.isfunction(function) or function in seen:
            continue
        seen[function] = inspect.getsource(function)
        called = [function.__globals__.get(name) for name in function.__code__.co_names]
        todo += [one for one in called if getattr(one, "__module__", "") == function.__module__]
    return "\n".join(seen.values())


def _queries(source: str) -> set[str]:
    return {one or other for one, other in _QUERY.findall(source)}


def _undotted(route: str) -> str:
    """A route as OpenAPI writes it."""
    return "/" + _PARAMETER.sub(r"{\1}", route)


def _described() -> dict[str, list[str]]:
    """Query parameters of the API's operations, by path."""
    from project.api import api

    found: dict[str, list[str]] = {}
    for path, operations in api.get_openapi_schema()["paths"].items():
        names = {
            parameter["name"]
            for operation in operations.values()
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        }
        found[path] = sorted(names)
    return found
