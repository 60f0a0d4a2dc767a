"""The talk with the SMTP server: the only place that opens a connection to it."""

import contextlib
import re
import smtplib
import ssl
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from core.settings import MailServer

__all__ = ("SENDER_REFUSED", "Outcome", "deliver")

TIMEOUT_S = 15.0
"""How long the server may take for one answer."""
SENDER_REFUSED = "The mail server takes no mail from this sender or without a sign-in (MAIL_FROM, SMTP_URL)"
"""How the error of a fault in the settings begins: it is everybody's mail that fails, so that none is given up."""
_OURS = re.compile(
    r"\b5\.(?:1\.[78]|7\.0)\b|sender address rejected|relay(?:ing)? (?:access )?denied|authentication required",
    re.IGNORECASE,
)
"""Enhanced codes (RFC 3463, 4954) and the words of common servers that say so only when they hear the recipient."""
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a mail: sent where `error` is empty; `final` says that to try again is in vain."""

    error: str = ""
    final: bool = False


def deliver(server: MailServer, messages: Sequence[EmailMessage]) -> Generator[Outcome, None, None]:
    """Hand messages to the server over one connection, and yield what came of each, in their order.

    Never raises for what the server or the network does. A server that takes no connection, or that
    offers no encryption where a password is to be sent, is an error of each of them. In place of a server there
    may be a folder, where each message becomes a file.
    """
    if server.folder:
        yield from (_put(Path(server.folder), one) for one in messages)
        return
    try:
        connection = _open(server)
    except (OSError, smtplib.SMTPException) as error:
        yield from [Outcome(_text(error))] * len(messages)
        return
    try:
        for one in messages:
            yield _send(connection, one)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            connection.quit()


def _put(folder: Path, message: EmailMessage) -> Outcome:
    """Write a message as a text that people read; its name tells when, to whom and which. Links in it are secrets."""
    body = message.get_body(("plain",))
    name = re.sub(r"[^A-Za-z0-9@._-]", "_", f"{message['To']}-{str(message['Message-ID'])[1:37]}")
    told = [f"{header}: {message[header]}" for header in ("From", "To", "Subject", "Date")]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / f"{message['Date'].datetime:%Y%m%d-%H%M%S}-{name}.txt"
        file.touch(mode=0o600)
        file.write_text("\n".join([*told, "", body.get_content() if body is not None else ""]), encoding="utf-8")
    except OSError as error:
        return Outcome(_text(error))
    return Outcome()


def _open(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.secure:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        _greet(connection, server, context)
    except BaseException:
        connection.close()
        raise
    return connection


def _greet(connection: smtplib.SMTP, server: MailServer, context: ssl.SSLContext) -> None:
    connection.ehlo()
    encrypted = server.secure
    if not encrypted and connection.has_extn("starttls"):
        connection.starttls(context=context)
        connection.ehlo()
        encrypted = True
    if server.user:
        if not encrypted and server.host not in _LOCAL:
            raise smtplib.SMTPNotSupportedError("The server offers no STARTTLS; no password is sent in the clear.")
        connection.login(server.user, server.password)


def _send(connection: smtplib.SMTP, message: EmailMessage) -> Outcome:
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as refused:
        code, text = next(iter(refused.recipients.values()))
        return _refusal(code, _plain(text))
    except smtplib.SMTPSenderRefused as refused:
        return Outcome(f"{SENDER_REFUSED}: {_text(refused)}")
    except smtplib.SMTPResponseException as answer:
        return _refusal(answer.smtp_code, _plain(answer.smtp_error))
    except smtplib.SMTPNotSupportedError as error:
        return Outcome(_text(error), final=True)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return Outcome(_text(error))
    return Outcome()


def _refusal(code: int, text: str) -> Outcome:
    """Return what a refusal means: of this mail for good, of this mail for now, or of all mails by our settings."""
    if code in (530, 535, 538) or (500 <= code < 600 and _OURS.search(text)):
        return Outcome(f"{SENDER_REFUSED}: {code} {text}")
    return Outcome(f"{code} {text}", final=500 <= code < 600)


def _text(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_plain(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"[:300]


def _plain(text: bytes | str) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:300]
