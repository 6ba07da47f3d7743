"""Whether a voter signed: with their wallet, or with a browser key they delegated to."""

from __future__ import annotations

from curation.accounts import errors, keys, signatures
from curation.ballots.typed import WALLET, SignedBallot


def verify(ballot: SignedBallot, *, digest: bytes, client: str) -> str:
    """Check the signature itself; may ask a node, so it runs outside of any transaction.

    That a browser key was delegated to is looked up later, while the key is held.

    Returns:
        The kind of wallet (`eoa`, `erc1271`, `erc6492`), or nothing for a browser key.

    Raises:
        SignatureMalformed, SignatureMalleable, SignatureInvalid: the wallet did not sign it.
        NodeUnreachable: it may be a contract wallet, but the chain cannot be asked now.
        TooMany, RatesUnknown: the client asks the chain about this wallet too often.
        KeyInvalid: the signer is neither `wallet` nor a did:key of a P-256 key.
        KeySignatureInvalid: the browser key did not sign it.
    """
    if ballot.signer == WALLET:
        signature = "0x" + ballot.signature.removeprefix("0x")
        address = ballot.fields.voter
        return signatures.verify(
            address=address, digest=digest, signature=signature, client=client
        ).value
    raw = keys.signature_bytes(ballot.signature)
    if raw is None:
        raise errors.KeySignatureInvalid("A browser key's signature is 64 bytes r‖s, in hex.")
    if not keys.signed_by(ballot.signer, signature=raw, message=digest):
        raise errors.KeySignatureInvalid(
            "The browser key did not sign this ballot, or signed it for another site or chain."
        )
    return ""
