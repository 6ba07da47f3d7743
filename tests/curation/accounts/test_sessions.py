"""Sessions a member can see and end."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from curation.accounts import selectors, services
from curation.accounts.models import Delegation, Member, MemberSession
from tests.wallets import BrowserKey, Wallet

from .visitor import Visitor


def test_a_member_sees_each_session_and_no_key_of_one(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet)
    Visitor().sign_in(wallet)
    rows = selectors.sessions_of(Member.objects.get(), visitor.session_key)
    assert [row.is_current for row in rows] == [True, False]
    assert rows[0].user_agent == "Tests/1.0"
    assert visitor.session_key not in repr(rows)


def test_ending_a_session_signs_that_browser_out(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet)
    lost = Visitor()
    lost.sign_in(wallet, BrowserKey())
    member = Member.objects.get()
    handle = selectors.session_handle(lost.session_key)
    assert services.end_session(member=member, handle=handle)
    assert (visitor.whoami(), lost.whoami()) == (wallet.address, "")
    assert Delegation.objects.get().revoked_at is not None
    assert not services.end_session(member=member, handle=handle)


def test_nobody_ends_somebody_elses_session(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet)
    other = Member.objects.create_user(Wallet().address)
    handle = selectors.session_handle(visitor.session_key)
    assert not services.end_session(member=other, handle=handle)
    assert visitor.whoami() == wallet.address


def test_ending_all_others_keeps_this_one(visitor: Visitor, wallet: Wallet) -> None:
    others = [Visitor() for _ in range(3)]
    for each in (visitor, *others):
        each.sign_in(wallet)
    member = Member.objects.get()
    assert services.end_other_sessions(member=member, keep_key=visitor.session_key) == 3
    assert visitor.whoami() == wallet.address
    assert [other.whoami() for other in others] == ["", "", ""]


def test_raising_the_epoch_ends_every_session(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet)
    Member.objects.update(session_epoch=1)
    assert visitor.whoami() == ""


def test_a_session_in_use_is_dated_now_and_then(
    visitor: Visitor, wallet: Wallet, collected_static
) -> None:
    visitor.sign_in(wallet)
    early = timezone.now() - timedelta(minutes=6)
    session = visitor.client.session
    session["since"] = early.isoformat()
    session.save()
    MemberSession.objects.update(seen_at=early)
    visitor.client.get("/")
    seen = MemberSession.objects.get(member__isnull=False).seen_at
    assert timezone.now() - seen < timedelta(seconds=30)
    visitor.client.get("/")
    assert MemberSession.objects.get(member__isnull=False).seen_at == seen


def test_reading_pages_makes_no_session(pages, db) -> None:
    pages.get("/")
    pages.get("/api/v1/briefs")
    assert not MemberSession.objects.exists()
    assert "sessionid" not in pages.cookies
