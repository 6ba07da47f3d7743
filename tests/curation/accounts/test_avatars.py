import hashlib
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.accounts.avatar_paint import distance, luminance, mix
from curation.accounts.avatars import portrait
from curation.accounts.rules import AddressInvalid, checksum_address

KNOWN = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    "svg": {"viewBox"},
    "g": {"transform"},
    "rect": {"width", "height", "fill"},
    "circle": {"cx", "cy", "r", "fill", "stroke", "stroke-width"},
    "ellipse": {"cx", "cy", "rx", "ry", "fill"},
    "path": {
        *("d", "fill", "fill-rule", "stroke", "stroke-width"),
        *("stroke-linecap", "stroke-linejoin"),
    },
}
COLOUR = re.compile(r"#[0-9a-f]{6}|none")
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: checksum_address("0x" + raw.hex()))


def some_addresses(count: int) -> list[str]:
    digests = (hashlib.sha256(str(n).encode()).hexdigest() for n in range(count))
    return [checksum_address("0x" + digest[:40]) for digest in digests]


@given(addresses)
def test_every_address_has_a_portrait_of_harmless_shapes_alone(address):
    root = ET.fromstring(portrait(address))
    for element in root.iter():
        name = element.tag.removeprefix(SVG)
        assert set(element.attrib) <= ALLOWED[name], name
        assert not (element.text or "").strip()
        for paint in (element.get("fill"), element.get("stroke")):
            assert paint is None or COLOUR.fullmatch(paint)
        assert re.fullmatch(r"[MLHVCSQTAZ0-9 .\-]*", element.get("d", ""))


def test_portrait_is_the_same_for_every_spelling_and_for_ever():
    assert portrait(KNOWN) == portrait(KNOWN.lower())
    # A change of this digest means that every member gets another face.
    digest = hashlib.sha256(portrait(KNOWN).encode()).hexdigest()
    assert digest == "d50fd39a1a9b104caa7fed68e6926d49bfbf8ced2921abba588de57b3192ccdf"


def test_thousands_of_addresses_have_faces_of_their_own():
    assert len({portrait(address) for address in some_addresses(3000)}) == 3000


def test_one_changed_bit_changes_the_face():
    last = int(KNOWN, 0)
    near = [checksum_address(f"0x{last ^ (1 << bit):040x}") for bit in range(160)]
    assert len({portrait(address) for address in [KNOWN, *near]}) == 161


def test_no_portrait_from_what_is_no_address():
    for wrong in ("", "0x", "0x" + "g" * 40, KNOWN + "0", "vitalik.eth", KNOWN.replace("dA", "Da")):
        with pytest.raises(AddressInvalid):
            portrait(wrong)


def test_colours_mix_and_lie_apart_as_they_should():
    assert mix("#000000", "#ffffff", 0) == "#000000"
    assert mix("#000000", "#ffffff", 1) == "#ffffff"
    assert mix("#102030", "#304050", 0.5) == "#203040"
    assert luminance("#ffffff") == pytest.approx(255)
    assert distance("#123456", "#123456") == 0
    assert distance("#000000", "#ffffff") > distance("#000000", "#808080") > 100


def test_portrait_is_served_for_a_year_as_an_inert_picture(client):
    response = client.get(f"/avatars/{KNOWN}.svg")
    assert response.status_code == 200
    assert response.text == portrait(KNOWN)
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not response.cookies
    assert client.post(f"/avatars/{KNOWN}.svg").status_code == 405


@pytest.mark.parametrize("spelling", [KNOWN.lower(), "0x" + KNOWN[2:].upper()])
def test_other_spellings_lead_to_the_one_that_is_kept(client, spelling):
    response = client.get(f"/avatars/{spelling}.svg")
    assert response.status_code == 301
    assert response["Location"] == f"/avatars/{KNOWN}.svg"


@pytest.mark.parametrize(
    "hostile",
    [
        "0x",
        "0x" + "f" * 39,
        "0x" + "f" * 41,
        KNOWN[2:],
        "0x" + "٣" * 40,
        KNOWN + "%0a",
        KNOWN + "%00",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "'%20onload=alert(1)%20x='",
        "a" * 5000,
    ],
)
def test_threat_20_nothing_but_an_address_is_drawn(pages, db, hostile):
    response = pages.get(f"/avatars/{hostile}.svg")
    assert response.status_code == 404
    assert "<script>alert" not in response.text
