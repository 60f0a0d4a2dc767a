"""Bodies of requests: JSON, multipart with attachments, signatures."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from metering.errors import StatementInvalid
from metering.xapi.multipart import Part, compose, split_parts
from metering.xapi.requests import read_statements
from metering.xapi.statements import SIGNATURE
from metering.xapi.versions import Version
from tests.builders.xapi import statement

TEXT = b"certificate\r\n--of-ana"
SHA2 = hashlib.sha256(TEXT).hexdigest()
ATTACHMENT = {
    "usageType": "https://lms.example/certificate", "display": {"en": "Certificate"}, "contentType": "text/plain",
    "length": len(TEXT), "sha2": SHA2,
}  # fmt: skip
HEADERS = {"Content-Type": "text/plain", "Content-Transfer-Encoding": "binary", "X-Experience-API-Hash": SHA2}
MIXED = "multipart/mixed; boundary=abc"


def body(*attachments: Part, of: Any = None, first: str = "application/json") -> bytes:
    whole = of if of is not None else statement(attachments=[ATTACHMENT])
    return compose([Part({"Content-Type": first}, json.dumps(whole).encode()), *attachments], "abc")


def read(content: bytes, content_type: str = MIXED) -> Any:
    return read_statements(content, content_type, Version.ONE)


def refusal(content: bytes, content_type: str = MIXED) -> str:
    with pytest.raises(StatementInvalid) as refused:
        read(content, content_type)
    return str(refused.value)


def test_an_attachment_is_found_by_its_hash() -> None:
    (found,) = read(body(Part(HEADERS, TEXT)))

    assert [(content.sha2, content.content_type, content.content) for content in found.contents] == [
        (SHA2, "text/plain", TEXT)
    ]


def test_the_bytes_of_a_statement_stay_as_they_came() -> None:
    raw = b'{"verb":{"id":"https://x.example/v"},"actor":{"mbox":"mailto:a@b.c"},"object":{"id":"https://x.example/1"}}'

    assert [item.raw for item in read(b"[" + raw + b" , " + raw + b"]", "application/json")] == [raw, raw]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (body(Part(HEADERS, TEXT + b"!")), "has another SHA-2"),
        (body(Part({**HEADERS, "X-Experience-API-Hash": ""}, TEXT)), "X-Experience-API-Hash"),
        (body(Part({**HEADERS, "Content-Transfer-Encoding": "base64"}, TEXT)), "Content-Transfer-Encoding: binary"),
        (body(), "is not sent along and has no fileUrl"),
        (body(Part(HEADERS, TEXT), of=statement()), "is no statement's attachment"),
        (body(Part(HEADERS, TEXT), first="text/plain"), "The first part"),
        (b"text\r\n" + body(Part(HEADERS, TEXT)), "must begin with its boundary"),
        (body(Part(HEADERS, TEXT)).replace(b"--abc--", b""), "must end with"),
        (body(Part(HEADERS, TEXT)).replace(b"--abc\r\n", b"--abc x\r\n"), "a line of its own"),
        (b"--abc\r\nContent-Type: application/json\r\n--abc--", "no empty line"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_not_put_together_well_is_refused(content: bytes, told: str) -> None:
    assert told in refusal(content)


def test_a_file_may_stand_elsewhere() -> None:
    elsewhere = statement(attachments=[{**ATTACHMENT, "fileUrl": "https://files.example/1"}])

    assert read(json.dumps(elsewhere).encode(), "application/json; charset=utf-8")[0].contents == ()
    assert "Content-Type must be" in refusal(json.dumps(elsewhere).encode(), "multipart/form-data; boundary=abc")
    assert "'boundary'" in refusal(body(), "multipart/mixed")


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"nonsense", b"\xff", b"5", b'{"a":' * 10_000])
def test_what_is_no_json_of_statements_is_refused(text: bytes) -> None:
    assert refusal(text, "application/json")


def test_parts_are_split_where_the_boundary_stands_only() -> None:
    parts = [Part({"a": "1"}, b"--ab"), Part({"a": "2"}, b"\r\nabc"), Part({"a": "3"}, b"")]

    assert [part.content for part in split_parts(compose(parts, "abc"), "abc")] == [p.content for p in parts]


PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(private: rsa.RSAPrivateKey) -> RSAKey:
    return RSAKey.import_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def certificate(private: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lms.example")])
    since = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=365))
        .sign(private, SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def signed(payload: Any, algorithm: str = "RS256", key: Any = None, **header: Any) -> bytes:
    protected = {"alg": algorithm, **header}
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = 100_000
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return jws.serialize_compact(protected, content, key or jwk(PRIVATE), registry=registry).encode()


def with_signature(whole: dict[str, Any], signature: bytes, content_type: str = "application/octet-stream") -> bytes:
    sha2 = hashlib.sha256(signature).hexdigest()
    attachment = {
        **ATTACHMENT, "usageType": SIGNATURE, "contentType": content_type, "sha2": sha2, "length": len(signature)
    }  # fmt: skip
    return body(Part({**HEADERS, "X-Experience-API-Hash": sha2}, signature), of={**whole, "attachments": [attachment]})


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_signature_of_the_statement_is_taken(algorithm: str) -> None:
    whole = statement(result={"duration": "PT1.23S"})

    assert read(with_signature(whole, signed(whole, algorithm)))
    assert read(with_signature(whole, signed(whole, algorithm, x5c=[certificate(PRIVATE)])))
    # What a record store fills in, and hundredths of a second, are not what was signed.
    assert read(with_signature(whole | {"result": {"duration": "PT1.2399S"}}, signed(whole, algorithm)))


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        (signed(statement(), "HS256", OctKey.import_key("secret-" * 8)), "must be signed by RS256, RS384, RS512"),
        (signed(b"{'a': 1}"), "is not a JSON web signature"),
        (signed({"a": 1}), "does not sign a statement"),
        (signed(statement(verb={"id": "https://x.example/other"})), "signs another statement"),
        (signed(statement(), x5c=[certificate(OTHER)]), "does not match its certificate"),
        (signed(statement(), x5c=["nonsense"]), "is not a JSON web signature"),
        (b"nonsense", "is not a JSON web signature"),
    ],
    ids=range(7),
)
def test_a_signature_that_does_not_hold_is_refused(signature: bytes, told: str) -> None:
    assert told in refusal(with_signature(statement(), signature))


def test_a_signature_is_of_its_content_type() -> None:
    whole = statement()

    assert "application/octet-stream" in refusal(with_signature(whole, signed(whole), "text/plain"))


def test_a_name_twice_in_a_statement_is_refused_and_named() -> None:
    raw = json.dumps(statement()).encode()
    twice = raw[:-1] + b',"verb":{"id":"https://x.example/other"}}'

    assert refusal(b"[" + raw + b"," + twice + b"]", "application/json") == (
        "[1]: The name 'verb' stands twice in one object. Send it once."
    )
