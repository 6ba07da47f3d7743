"""The moderators' log: complete, chained, and found out when somebody edits it."""

from __future__ import annotations

import json
import random

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from curation.galleries.takedowns import disqualify_candidate, hide_candidate, restore_candidate
from curation.models import Candidate, ModerationAction
from curation.moderation import log, rules
from curation.moderation.errors import ReasonUnknown
from curation.moderation.models import Action
from tests.factories import RoundFactory, publish
from tests.threads import at_once


@pytest.fixture
def acts(moderator, candidate) -> list[dict]:
    """A log of a few lines: a role, a picture hidden, restored and disqualified."""
    for step in (hide_candidate, restore_candidate, disqualify_candidate):
        step(candidate=candidate, by=moderator, reason="rights", note="“Ä” 😀")
    return list(log.entries())


def write(path, entries) -> str:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return str(path)


def test_every_takedown_is_logged_with_before_and_after(acts, moderator, candidate):
    told = [(row["action"], row["before"], row["after"]) for row in acts[1:]]
    assert told == [
        ("hidden", {"status": "published"}, {"status": "hidden"}),
        ("restored", {"status": "hidden"}, {"status": "published"}),
        ("disqualified", {"status": "published"}, {"status": "disqualified"}),
    ]
    assert {(row["actor"], row["object"], row["reason"]) for row in acts[1:]} == {
        (moderator.address, f"candidate:{candidate.digest}", "rights")
    }


def test_takedown_and_its_line_are_one_transaction(candidate, moderator):
    before = log.head()
    with pytest.raises(ReasonUnknown):
        hide_candidate(candidate=candidate, by=moderator, reason="because")
    assert Candidate.objects.get(pk=candidate.pk).status == "published"
    fresh = Candidate.objects.get(pk=candidate.pk)

    @transaction.atomic
    def half() -> None:
        hide_candidate(candidate=fresh, by=moderator, reason="spam")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert log.head() == before


def test_threat_27_log_verifies_and_its_export_too(acts, tmp_path, capsys):
    call_command("verify_moderation_log")
    path = tmp_path / "log.jsonl"
    path.write_text("".join(log.lines()), encoding="utf-8")
    call_command("verify_moderation_log", str(path), "--head", f"4:{acts[-1]['digest']}")
    assert capsys.readouterr().out.count("4 actions, unbroken") == 2


@pytest.mark.parametrize("field", [name for name in rules.FIELDS if name != "number"])
def test_threat_27_tampered_row_is_found_and_named(acts, tmp_path, field):
    acts[2][field] = "tampered" if isinstance(acts[2][field], str) else {"status": "tampered"}
    with pytest.raises(CommandError, match=r"row 3: number 3 was tampered with"):
        call_command("verify_moderation_log", write(tmp_path / "log", acts))


def test_threat_27_row_tampered_with_and_hashed_anew_breaks_the_next_one(acts, tmp_path):
    acts[2]["note"] = "nothing to see"
    acts[2]["digest"] = rules.digest_of(acts[2])
    with pytest.raises(CommandError, match=r"row 4: number 4 does not follow the row before it"):
        call_command("verify_moderation_log", write(tmp_path / "log", acts))


def test_threat_27_missing_row_is_found_and_named(acts, tmp_path):
    with pytest.raises(CommandError, match=r"row 3: number 3 missing before number 4"):
        call_command("verify_moderation_log", write(tmp_path / "log", acts[:2] + acts[3:]))
    with pytest.raises(CommandError, match=r"row 1: 1 to 2 missing before number 3"):
        call_command("verify_moderation_log", write(tmp_path / "log", acts[2:]))


def test_threat_27_reordered_rows_are_found_and_named(acts, tmp_path):
    acts[1], acts[2] = acts[2], acts[1]
    with pytest.raises(CommandError, match=r"row 3: number 2 is out of order"):
        call_command("verify_moderation_log", write(tmp_path / "log", acts))


def test_threat_27_cut_end_is_found_with_the_head_noted_earlier(acts, tmp_path):
    path = write(tmp_path / "log", acts[:-1])
    call_command("verify_moderation_log", path)  # what is left is unbroken
    with pytest.raises(CommandError, match=r"number 4, which was noted earlier, is missing"):
        call_command("verify_moderation_log", path, "--head", f"4:{acts[-1]['digest']}")
    with pytest.raises(CommandError, match=r"number 3 has another digest"):
        call_command("verify_moderation_log", path, "--head", f"3:{acts[-1]['digest']}")


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"number": 1}'])
def test_file_that_is_no_log_is_said_to_be_none(text, tmp_path):
    (tmp_path / "log").write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="row 1"):
        call_command("verify_moderation_log", str(tmp_path / "log"))


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_threat_27_database_refuses_to_change_or_delete_a_line(acts, verb):
    rows = ModerationAction.objects.filter(number=2)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.update(note="") if verb == "update" else rows._raw_delete(rows.db)
    assert list(log.entries()) == acts


def test_threat_27_edit_past_the_trigger_is_found_in_the_database(acts):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE curation_moderationaction DISABLE TRIGGER USER")
        cursor.execute("UPDATE curation_moderationaction SET reason = 'spam' WHERE number = 3")
        cursor.execute("ALTER TABLE curation_moderationaction ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="number 3 was tampered with"):
        call_command("verify_moderation_log")


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gaps_though_many_write_at_once_and_some_fail():
    round_ = RoundFactory()
    rows = [publish(round_, number) for number in range(1, 9)]

    def act(index: int) -> None:
        with transaction.atomic():
            hide_candidate(candidate=rows[index], reason="spam")
            if index % 3 == 0:
                raise RuntimeError

    results = at_once(8, act)
    assert sum(isinstance(result, RuntimeError) for result in results) == 3
    assert [entry["number"] for entry in log.entries()] == [1, 2, 3, 4, 5]
    assert list(rules.faults_in(log.entries())) == []


def test_line_outside_a_transaction_is_refused(transactional_db):
    with pytest.raises(transaction.TransactionManagementError):
        log.record(action=Action.HIDDEN, object="candidate:x", by=None, reason="spam")


def chain(count: int) -> list[dict]:
    entries, previous = [], rules.FIRST
    for number in range(1, count + 1):
        entry = dict.fromkeys(rules.FIELDS, "") | {"number": number, "previous": previous}
        previous = entry["digest"] = rules.digest_of(entry)
        entries.append(entry)
    return entries


@given(st.integers(3, 9), st.randoms(use_true_random=False))
def test_no_shuffle_nor_loss_goes_unnoticed(count: int, chance: random.Random):
    entries = chain(count)
    assert list(rules.faults_in(entries)) == []
    shuffled = chance.sample(entries, count)
    assert bool(list(rules.faults_in(shuffled))) == (shuffled != entries)
    at = chance.randrange(count - 1)
    assert list(rules.faults_in(entries[:at] + entries[at + 1 :]))
