import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.briefs.rules import TextRefused, clean_text

ANY_TEXT = st.text(st.characters(), max_size=300)  # surrogates and NUL included
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


def clean(value: str, longest: int = 500, *, required: bool = False) -> str:
    return clean_text(value, name="The title", longest=longest, required=required)


@given(ANY_TEXT)
def test_cleaned_text_can_be_stored_and_reads_as_it_is_written(value):
    text = clean(value, longest=2000)
    text.encode()  # no surrogates
    assert not set(text) & set(BIDI)
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") for c in text)
    assert unicodedata.is_normalized("NFC", text)
    assert text == text.strip()


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(value):
    assert clean(clean(value, 2000), 2000) == clean(value, 2000)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), max_size=50))
def test_plain_text_and_markup_are_kept_as_they_are(value):
    assert clean(value) == value


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("a\0b", "ab"),
        ("\ud800star\udfff", "star"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("cafe\u0301", "café"),
        ("e\u202a\u0301", "é"),  # what stood between is gone: they belong together now
        ("👩\u200d🚀 שלום 星", "👩\u200d🚀 שלום 星"),
        ("<b>bold</b> & 'quoted'", "<b>bold</b> & 'quoted'"),
        ("line\r\nline\tend\x1b[31m", "line\nline\tend[31m"),
    ],
)
def test_known_cases(raw, kept):
    assert clean(raw) == kept


@pytest.mark.parametrize(
    "nothing", ["", " \n\t", "\0\0", "\u202e", "\u200b\ufeff", "\u2028", "\ud800"]
)
def test_text_of_which_nothing_is_seen_is_refused(nothing):
    with pytest.raises(TextRefused, match="The title is empty"):
        clean(nothing, required=True)


def test_too_long_text_is_refused_with_both_numbers():
    with pytest.raises(TextRefused, match=r"10,000 characters; at most 500 fit"):
        clean("x" * 10_000)
    assert len(clean("x" * 500)) == 500
    assert len(clean("🦀" * 500)) == 500
