"""Who is answered what under every address: the one place where it is written down.

A cell names statuses by who asks; what comes later overrules what came before:

    "200"                      everybody
    "out 302, in 200"          whoever is not signed in, and whoever is
    "404, staff 200"           everybody, but for those with a role
    "403, member 302"          everybody, but for the member whose brief, ballot or key it is

HEAD is answered as GET is by pages, and not taken by the API. PUT, PATCH, DELETE and OPTIONS are
taken nowhere.
"""

from __future__ import annotations

from typing import Final

OUT: Final = ("visitor", "banned")
STAFF: Final = ("moderator", "senior", "operator")
IN: Final = ("member", "muted", *STAFF)
ROLES: Final = (*OUT, *IN)
GROUPS: Final = {"out": OUT, "in": IN, "staff": STAFF, **{role: (role,) for role in ROLES}}

NO = "405"
NOWHERE = "404, staff 405"  # the panel hides even which methods it takes

# route: (GET and HEAD, POST, what else)
PAGES: Final[dict[str, tuple[str, str, str]]] = {
    # What everybody reads.
    "": ("200", NO, NO),
    "briefs/<slug:slug>/": ("200", NO, NO),
    "members/<str:address>/": ("200", NO, NO),
    "avatars/<str:address>.svg": ("200", NO, NO),
    "rounds/<int:round_id>/": ("200", NO, NO),
    "rounds/<int:round_id>/events": ("200", NO, NO),
    "rounds/<int:round_id>/judge/": ("200", NO, NO),
    "rounds/<int:round_id>/result/": ("200", NO, NO),
    "rounds/<int:round_id>/pool": ("200", NO, NO),
    "rounds/<int:round_id>/learning/": ("302", NO, NO),  # to its training run
    "candidates/<digest:digest>/": ("200", NO, NO),
    "candidates/<digest:digest>/stakes": ("200", NO, NO),
    "activity/": ("200", NO, NO),
    "transparency/": ("200", NO, NO),
    "model/": ("200", NO, NO),
    "beliefs/": ("200", NO, NO),
    "versions/<slug:slug>/": ("200", NO, NO),
    "versions/<slug:slug>/adapter.safetensors": ("200", NO, NO),
    "versions/<slug:slug>/README.md": ("200", NO, NO),
    "training/<int:run_id>/": ("200", NO, NO),
    "training/<int:run_id>/sheet/<digest:digest>.png": ("200", NO, NO),
    "media/pictures/<digest:digest>.png": ("200", NO, NO),
    "media/thumbnails/<digest:digest>.webp": ("200", NO, NO),
    "verify_round.py": ("200", NO, NO),
    "verify_learning.py": ("200", NO, NO),
    "favicon.ico": ("302", NO, NO),
    "apple-touch-icon.png": ("302", NO, NO),
    "robots.txt": ("200", NO, NO),
    "postcards/home.jpg": ("200", NO, NO),
    "postcards/briefs/<slug:slug>.jpg": ("200", NO, NO),
    "postcards/rounds/<int:round_id>.jpg": ("200", NO, NO),
    "postcards/candidates/<digest:digest>.jpg": ("200", NO, NO),
    "postcards/versions/<slug:slug>.jpg": ("200", NO, NO),
    "judge/": ("302", NO, NO),  # to a round where something is left to judge
    "healthz": ("200", NO, NO),
    "readyz": ("200", NO, NO),
    "metrics": ("200", NO, NO),
    "api/v1/": ("404", "404", "404"),  # there is nothing at the root
    "api/v1/docs": ("200", NO, NO),
    "api/v1/openapi.json": ("200", NO, NO),
    # Coming and going.
    "sign-in/": ("out 200, in 302", NO, NO),
    "sign-out/": (NO, "302", NO),
    # What members do, each for themselves.
    "briefs/new/": ("200", "302, muted 200", NO),  # the muted one reads why not
    "briefs/preview": (NO, "out 302, in 200", NO),
    "briefs/preview/<str:token>": ("404, member 200", NO, NO),
    "briefs/<slug:slug>/withdraw": (NO, "out 302, in 403, member 409", NO),
    "account/": ("out 302, in 200", NO, NO),
    "account/name": (NO, "302", NO),
    "account/export.json": ("out 302, in 200", NO, NO),
    "account/sessions/end": (NO, "302", NO),
    "account/delegations/<int:delegation_id>/revoke": (NO, "302", NO),
    "notifications/": ("out 302, in 200", NO, NO),
    "notifications/read": (NO, "302", NO),
    "notifications/bell": ("out 204, in 200", NO, NO),
    "votes/": ("out 302, in 200", NO, NO),
    "votes/<digest:digest>/learning/": ("out 302, in 404, member 200", NO, NO),
    "stakes/": ("out 302, in 200", NO, NO),
    "candidates/<digest:digest>/report": ("out 302, in 200", "302, muted 403", NO),
    "appeal/": ("200, visitor 404", "404, muted 302, banned 302", NO),
    # What moderators do.
    "moderation/": ("404, staff 200", NOWHERE, NOWHERE),
    "moderation/act": (NOWHERE, "404, staff 200", NOWHERE),
    "moderation/undo": (NOWHERE, "404, staff 200", NOWHERE),
    "moderation/second/": ("404, staff 200", "404, staff 302", NOWHERE),
    "moderation/appeals/": ("404, staff 200", "404, staff 302", NOWHERE),
    "moderation/log/": ("404, staff 200", NOWHERE, NOWHERE),
    "moderation/log.jsonl": ("404, staff 200", NOWHERE, NOWHERE),
    "moderation/briefs/": ("404, staff 200", "404, staff 302", NOWHERE),
    "moderation/rounds/": ("404, staff 200", "404, staff 302", NOWHERE),
    "moderation/work/": ("404, staff 200", "404, staff 302", NOWHERE),
    "moderation/model/": ("404, staff 200", "404, staff 302", NOWHERE),
    "moderation/agents/": ("404, staff 200", NOWHERE, NOWHERE),
    "moderation/chain/": ("404, operator 200", "404, operator 405", "404, operator 405"),
    "moderation/settings/": ("404, operator 200", "404, operator 405", "404, operator 405"),
    "moderation/keys/": ("404, staff 200", NOWHERE, NOWHERE),
    "moderation/keys/options": (NOWHERE, "404, staff 400", NOWHERE),
    "moderation/keys/answer": (NOWHERE, "404, staff 400", NOWHERE),
    "moderation/keys/remove": (NOWHERE, "404, staff 302", NOWHERE),
    "moderation/members/<str:address>/": ("404, staff 200", "404, staff 302", NOWHERE),
    "moderation/pictures/<digest:digest>": ("404, staff 200", NOWHERE, NOWHERE),
}

# route: (GET, POST)
API: Final[dict[str, tuple[str, str]]] = {
    # What everybody reads.
    "api/v1/briefs/<slug>": ("200", NO),
    "api/v1/members/<address>": ("200", NO),
    "api/v1/members/<address>/stakes": ("200", NO),
    "api/v1/model": ("200", NO),
    "api/v1/rounds": ("200", NO),
    "api/v1/rounds/<int:round_id>": ("200", NO),
    "api/v1/rounds/<int:round_id>/candidates": ("200", NO),
    "api/v1/rounds/<int:round_id>/stakes": ("200", NO),
    "api/v1/rounds/<int:round_id>/standings": ("200", NO),
    "api/v1/rounds/<int:round_id>/bundle": ("200", NO),
    "api/v1/rounds/<int:round_id>/ballots": ("200", NO),
    "api/v1/rounds/<int:round_id>/dataset": ("200", NO),
    "api/v1/rounds/<int:round_id>/dataset/rows": ("200", NO),
    "api/v1/rounds/<int:round_id>/dataset.<kind>": ("200", NO),
    "api/v1/candidates/<digest:digest>": ("200", NO),
    "api/v1/candidates/<digest:digest>/proof": ("200", NO),
    "api/v1/batches/<digest:root>": ("200", NO),
    "api/v1/training-runs/<int:run_id>": ("200", NO),
    "api/v1/transactions/<digest:tx_hash>": ("200", NO),
    # Coming and going. What is posted here by this test is no signed message.
    "api/v1/nonce": ("200", NO),
    "api/v1/sign-in-message": (NO, "422"),
    "api/v1/sign-in": (NO, "422"),
    "api/v1/sign-out": (NO, "204"),
    "api/v1/me": ("out 401, in 200", NO),
    # What members do, each for themselves. A ballot's signature is its authority, whoever sends it.
    "api/v1/briefs": ("200", "out 401, in 201, muted 403"),
    "api/v1/rounds/<int:round_id>/pairs": ("out 401, in 200", NO),
    "api/v1/ballots": (NO, "422"),
    "api/v1/ballots/<digest:digest>": ("out 401, in 404, member 200", NO),
    "api/v1/ballots/<digest:digest>/learning": ("out 401, in 404, member 200", NO),
    "api/v1/stakes/prepare": (NO, "out 401, in 422"),
}


def answer(cell: str, role: str) -> int:
    """The status a cell has for a role.

    Raises:
        ValueError: it has none.
    """
    found = None
    for part in cell.split(", "):
        who, _, status = part.rpartition(" ")
        if not who or role in GROUPS[who]:
            found = int(status)
    if found is None:
        raise ValueError(f"Nothing is said of {role} in {cell!r}.")
    return found
