"""Signed statements: a JWS as attachment, its payload the statement before it was signed (pure)."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from core.exact_json import decode_exact
from metering.xapi.content import essence
from metering.xapi.shapes import Faulty
from metering.xapi.statements import SIGNATURE, check_statement
from metering.xapi.versions import Version

__all__ = ("SIGNATURE", "check_signatures")

_ALGORITHMS = ("RS256", "RS384", "RS512")


def check_signatures(statement: Mapping[str, Any], contents: Mapping[str, bytes], version: Version, path: str) -> None:
    """Refuse a signature that is malformed, does not match its certificate, or signs another statement.

    Args:
        statement: a valid one.
        contents: what was sent with it, by SHA-2.
        version: of the request.
        path: of the statement in the request.

    Raises:
        Faulty: names the attachment.
    """
    for index, attachment in enumerate(statement.get("attachments", ())):
        if attachment["usageType"] != SIGNATURE:
            continue
        where = f"{path}.attachments[{index}]".lstrip(".")
        if attachment["contentType"] != "application/octet-stream":
            raise Faulty(where, "is a signature, so its contentType must be application/octet-stream.")
        signature = contents.get(attachment["sha2"].lower())
        if signature is None:
            raise Faulty(where, "is a signature and must be sent along in multipart/mixed.")
        signed = _payload(signature, where)
        try:
            check_statement(signed, version, "payload")
        except Faulty as fault:
            raise Faulty(where, f"does not sign a statement: {fault}") from None
        if essence(signed, without=_SIGNATURES) != essence(statement, without=_SIGNATURES):
            raise Faulty(where, "signs another statement than the one that it is attached to.")


_SIGNATURES = frozenset({SIGNATURE})


def _payload(signature: bytes, where: str) -> Any:
    try:
        compact = jws.extract_compact(signature.strip(), registry=_registry())
        header = compact.headers()
        if header.get("alg") not in _ALGORITHMS:
            raise Faulty(where, f"must be signed by {', '.join(_ALGORITHMS)}, not '{header.get('alg')}'.")
        if "x5c" in header and not jws.validate_compact(compact, _key(header["x5c"]), registry=_registry()):
            raise Faulty(where, "has a signature that does not match its certificate.")
        return decode_exact(compact.payload)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, msgspec.DecodeError, RecursionError) as error:
        raise Faulty(where, f"is not a JSON web signature of a statement: {error}.") from None


def _registry() -> JWSRegistry:
    """Return limits that fit: a chain of certificates stands in the header, a statement in the payload."""
    registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
    registry.max_header_length, registry.max_payload_length = 100_000, 10_000_000
    return registry


def _key(chain: Any) -> RSAKey:
    """Return the public key of the first certificate of a chain (base64 of DER, RFC 7515)."""
    try:
        certificate = x509.load_der_x509_certificate(b64decode(chain[0], validate=True))
    except (Base64Error, IndexError) as error:
        raise ValueError(f"its certificate cannot be read ({error})") from None
    public = certificate.public_key()
    if not isinstance(public, RSAPublicKey):
        raise ValueError("its certificate has no RSA key")  # noqa: TRY004 - the value is wrong, not the type
    return RSAKey.import_key(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
