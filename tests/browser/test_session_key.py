"""The browser's own key, and the digests it signs."""

from __future__ import annotations

import copy
import json
import random
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from playwright.sync_api import Page, expect

from curation.accounts import keys
from curation.models import Member
from project.env import BASE
from tests.wallets import Wallet

from .typed_data import BALLOT, BROKEN, digest_of, random_cases
from .wallets import Fake, browse, choose, expect_signed_in, open_dialog, sign_in

ADDRESS, OTHER = Wallet().address, Wallet().address
KEY = """async ([address]) => {
    const { sessionKey } = await import("/static/js/wallet/session-key.js");
    const { didKey } = await sessionKey(address);
    return didKey;
}"""
SIGN = """async ([address, digest]) => {
    const { signDigest } = await import("/static/js/wallet/session-key.js");
    return signDigest(address, Uint8Array.from(digest));
}"""


def verify(did_key: str, signature: str, message: bytes) -> None:
    raw = bytes.fromhex(signature)
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    hashed = ec.ECDSA(hashes.SHA256())
    keys.public_key(did_key).verify(encode_dss_signature(r, s), message, hashed)


@pytest.fixture
def page(visit) -> Page:
    return visit("/nowhere/")


def test_the_key_survives_a_reload_and_is_one_for_each_address(page):
    made = page.evaluate(KEY, [ADDRESS])
    page.reload()
    assert page.evaluate(KEY, [ADDRESS.lower()]) == made
    assert page.evaluate(KEY, [OTHER]) != made


def test_two_tabs_at_once_make_one_key(page):
    made = page.evaluate(
        """async ([address]) => {
            const { sessionKey } = await import("/static/js/wallet/session-key.js");
            const all = await Promise.all([1, 2, 3, 4].map(() => sessionKey(address)));
            return [...new Set(all.map((key) => key.didKey))];
        }""",
        [ADDRESS],
    )
    assert len(made) == 1


def test_nobody_can_read_the_key_out(page):
    tried = page.evaluate(
        """async ([address]) => {
            const { sessionKey, heldKey } = await import("/static/js/wallet/session-key.js");
            await sessionKey(address);
            const { privateKey } = await heldKey(address);
            const tries = ["jwk", "pkcs8", "raw"].map((format) =>
                crypto.subtle.exportKey(format, privateKey).then(() => "read", () => "refused"));
            return { extractable: privateKey.extractable, usages: privateKey.usages,
                tries: await Promise.all(tries) };
        }""",
        [ADDRESS],
    )
    assert tried == {"extractable": False, "usages": ["sign"], "tries": ["refused"] * 3}


def test_signatures_verify_against_the_did_key(page):
    did_key = page.evaluate(KEY, [ADDRESS])
    source = random.Random(20)
    for _ in range(20):
        digest = source.randbytes(32)
        signature = page.evaluate(SIGN, [ADDRESS, list(digest)])
        assert len(signature) == 128
        verify(did_key, signature, digest)
    with pytest.raises(InvalidSignature):
        verify(did_key, signature, bytes(32))


def test_many_keys_have_the_did_key_that_the_site_reads(page):
    points = page.evaluate("""async () => {
        const { didKey } = await import("/static/js/wallet/did-key.js");
        const made = [];
        for (let i = 0; i < 50; i++) {
            const pair = await crypto.subtle.generateKey(
                { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
            const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
            made.push([Array.from(point), didKey(point)]);
        }
        return made;
    }""")
    for point, did_key in points:
        read = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes(point))
        assert keys.did_key_of(read) == did_key


def test_a_digest_of_another_length_or_without_a_key_is_not_signed(page):
    told = """async ([address, length]) => {
        const { forget, sessionKey, signDigest } =
            await import("/static/js/wallet/session-key.js");
        await sessionKey(address);
        if (length === 32) await forget(address);
        return signDigest(address, new Uint8Array(length)).catch((error) => error.message);
    }"""
    assert "32 bytes" in page.evaluate(told, [ADDRESS, 31])
    assert "no key" in page.evaluate(told, [ADDRESS, 32])


BROKEN_BROWSERS = {
    "no storage": "Object.defineProperty(window, 'indexedDB', {value: undefined});",
    "storage that refuses": "IDBFactory.prototype.open = () => { throw new Error('private') };",
    "storage that keeps no keys": (
        "IDBObjectStore.prototype.add = () => { throw new DOMException('no', 'DataCloneError') };"
    ),
    "no WebCrypto": "Object.defineProperty(Crypto.prototype, 'subtle', {value: undefined});",
}


@pytest.mark.parametrize("browser_is", BROKEN_BROWSERS)
def test_without_a_key_one_signs_in_all_the_same_and_is_told(visit, browser_is):
    fox = Fake()
    page = browse(visit, fox, extra=BROKEN_BROWSERS[browser_is])
    open_dialog(page)
    choose(page, "Fox")
    expect(page.locator("[data-part=no-key]")).to_contain_text("every single vote")
    assert "did:key" not in page.locator("[data-part=message]").text_content()
    page.click("[data-part=sign]")
    expect_signed_in(page, fox.wallet)
    assert not Member.objects.get(address=fox.wallet.address).session_keys.exists()


def test_signing_in_delegates_to_the_key_of_this_browser(visit):
    fox = Fake()
    page = browse(visit, fox)
    sign_in(page, fox)
    did_key = page.evaluate(KEY, [fox.wallet.address])
    delegation = Member.objects.get(address=fox.wallet.address).session_keys.get().delegations.get()
    assert delegation.key.did_key == did_key
    nonce = delegation.message.split("Nonce: ")[1].split("\n")[0]
    verify(did_key, delegation.proof, nonce.encode())


HASH = """async (cases) => {
    const { hashTypedData } = await import("/static/js/wallet/eip712.js");
    const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
    return cases.map((data) => {
        try {
            return hex(hashTypedData(data));
        } catch (error) {
            return `${error.constructor.name}: ${error.message}`;
        }
    });
}"""
VIEM = """
import { hashTypedData } from "viem";
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(JSON.parse(text).map((data) => hashTypedData(data).slice(2))));
"""


def test_typed_data_hashes_as_eth_account_and_viem_hash_it(page):
    cases = random_cases(seed=7, count=250)
    hashed = page.evaluate(HASH, cases)
    assert hashed == [digest_of(case).hex() for case in cases]
    assert len(set(hashed)) == len(cases)
    viem = subprocess.run(
        ["node", "--input-type=module", "-e", VIEM],
        input=json.dumps(cases),
        cwd=BASE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(viem.stdout) == hashed


def test_the_domain_s_type_follows_from_its_fields(page):
    cases = []
    for field in ({}, {"salt": "0x" + "5a" * 32}):
        case = copy.deepcopy(BALLOT)
        case["domain"] = dict(reversed((case["domain"] | field).items()))
        if field:
            case["types"]["EIP712Domain"].append({"name": "salt", "type": "bytes32"})
        cases.append(case)
    bare = copy.deepcopy(cases)
    for case in bare:
        del case["types"]["EIP712Domain"]
    assert page.evaluate(HASH, bare) == [digest_of(case).hex() for case in cases]


@pytest.mark.parametrize("name", BROKEN)
def test_typed_data_without_one_meaning_is_refused(page, name):
    case, words = BROKEN[name]
    [told] = page.evaluate(HASH, [case])
    assert told.startswith("TypedDataInvalid: ")
    assert words in told
