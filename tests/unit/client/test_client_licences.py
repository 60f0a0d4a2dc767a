"""A licence file is believed by its signature, in its time, on its machine, until it is recalled; nothing else is."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tollbook_client.licence import LICENCE, REVOCATIONS, LicenceInvalid, Offline, Watermark

ISSUED, ENDS = 1_000_000, 9_000_000
DAY = 86_400


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Vendor:
    """Whoever has the private key."""

    def __init__(self, key_id: str = "first") -> None:
        self.private, self.key_id = Ed25519PrivateKey.generate(), key_id
        public = base64url(self.private.public_key().public_bytes_raw())
        self.keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": key_id, "x": public}]}

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        head = {"alg": "Ed25519", "kid": self.key_id, "typ": LICENCE} | header
        text = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{base64url(self.private.sign(text.encode()))}"

    def licence(self, **claims: Any) -> str:
        said = {"aud": "acme", "jti": "one", "iat": ISSUED, "nbf": ISSUED, "exp": ENDS, "fingerprint": None}
        return self.signed(said | {"entitlements": {"wikis": {}, "files": {"limit": 50}}} | claims)

    def revocations(self, *ids: str, iat: int = ISSUED) -> str:
        said = {"aud": "acme", "iat": iat, "exp": iat + 30 * DAY, "revoked": dict.fromkeys(ids, iat)}
        return self.signed(said, typ=REVOCATIONS)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def refused(offline: Offline, licence: str, now: float = ISSUED + 60, revocations: str | None = None) -> str:
    with pytest.raises(LicenceInvalid) as told:
        offline.verify(licence, now, revocations)
    return told.value.code


def test_what_is_granted_and_how_far_it_goes(vendor: Vendor) -> None:
    found = Offline(vendor.keys, "acme").verify(vendor.licence(), ISSUED)

    assert (found.id, found.grants("wikis"), found.grants("nothing")) == ("one", True, False)
    assert (found.limit("wikis"), found.limit("files"), found.limit("nothing")) == (None, 50, 0)


def test_only_what_the_vendor_has_signed_as_a_licence_is_one(vendor: Vendor) -> None:
    offline, licence = Offline(vendor.keys, "acme"), vendor.licence()
    head, body, signature = licence.split(".")
    more = base64url(json.dumps({"aud": "acme", "exp": 2**31}).encode())

    assert refused(offline, Vendor().licence()) == "forged"
    assert refused(offline, f"{head}.{more}.{signature}") == "forged"
    assert refused(offline, f"{head}.{body}.") == "forged"
    assert refused(offline, Vendor("other").licence()) == "unknown_key"
    assert refused(offline, vendor.revocations("one")) == "wrong_kind"
    assert refused(offline, vendor.signed({}, alg="none")) == "wrong_kind"
    assert refused(offline, vendor.licence(aud="beta")) == "other_tenant"
    odd = [f"{base64url(one)}.{body}.{signature}" for one in (b"[]", b"[" * 100_000)]
    for text in ("", "a.b", "a.b.c", f"{head}.{body}", "é.é.é", *odd):
        assert refused(offline, text) == "malformed"


def test_a_rotated_key_verifies_while_it_is_published(vendor: Vendor) -> None:
    later = Vendor("second")
    both = {"keys": later.keys["keys"] + vendor.keys["keys"]}

    assert Offline(both, "acme").verify(vendor.licence(), ISSUED).id == "one"
    assert Offline(both, "acme").verify(later.licence(), ISSUED).id == "one"
    assert refused(Offline(later.keys, "acme"), vendor.licence()) == "unknown_key"


def test_it_is_valid_from_its_start_to_before_its_end(vendor: Vendor) -> None:
    offline, licence = Offline(vendor.keys, "acme"), vendor.licence(nbf=ISSUED + 1_000)

    # A machine whose clock is behind the service's by up to five minutes takes the file that it has just been given.
    assert refused(offline, licence, ISSUED + 699) == "not_yet_valid"
    assert offline.verify(licence, ISSUED + 700).id == offline.verify(licence, ENDS - 1).id == "one"
    assert refused(offline, licence, ENDS) == "expired"


def test_a_bound_one_is_valid_on_its_machine_only(vendor: Vendor) -> None:
    licence = vendor.licence(fingerprint="aa:bb")

    assert Offline(vendor.keys, "acme", "aa:bb").verify(licence, ISSUED).id == "one"
    assert refused(Offline(vendor.keys, "acme", "cc:dd"), licence) == "other_machine"
    assert refused(Offline(vendor.keys, "acme"), licence) == "other_machine"


def test_a_recalled_one_is_refused_and_an_old_list_is_not_relied_on(vendor: Vendor, tmp_path: Path) -> None:
    offline = Offline(vendor.keys, "acme", watermark=Watermark(tmp_path / "mark"), needs_revocations=True)
    before, after = vendor.revocations("another"), vendor.revocations("one", iat=ISSUED + DAY)
    licence = vendor.licence()

    assert offline.verify(licence, ISSUED, before).id == "one"
    assert refused(offline, licence) == "revocations_missing"
    assert refused(offline, licence, ISSUED + DAY, after) == "revoked"
    # The list from before the recall does not bring it back.
    assert refused(offline, licence, ISSUED + DAY, before) == "revocations_outdated"
    assert refused(Offline(vendor.keys, "acme"), licence, ISSUED + 30 * DAY, before) == "revocations_outdated"
    assert refused(offline, licence, ISSUED + DAY, Vendor().revocations()) == "forged"


def test_a_clock_that_is_set_back_prolongs_nothing(vendor: Vendor, tmp_path: Path) -> None:
    offline, licence = Offline(vendor.keys, "acme", watermark=Watermark(tmp_path / "mark")), vendor.licence()

    assert refused(offline, licence, ENDS) == "expired"
    assert refused(offline, licence, ENDS - 301) == "clock_set_back"
    again = Offline(vendor.keys, "acme", watermark=Watermark(tmp_path / "mark"))
    assert refused(again, licence, ISSUED + 60) == "clock_set_back", "also after a restart"
    assert again.verify(licence, ENDS - 300).id == "one", "clocks drift by seconds"
    assert refused(Offline(vendor.keys, "acme"), licence, ISSUED - 301) == "clock_set_back", "before it was issued"
    (tmp_path / "mark").write_text("torn")
    assert again.verify(licence, ISSUED).id == "one"
