"""A letter and the message that carries it: plain text, and the same as simple HTML (pure)."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape
from uuid import UUID

__all__ = ("Envelope", "Letter", "is_address", "message")

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")


def is_address(text: str) -> bool:
    """Return whether a text is one e-mail address and nothing else.

    >>> is_address("finance@example.com"), is_address("Ann <ann@example.com>"), is_address("a@b.com,c@d.com")
    (True, False, False)
    """
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: its subject, its paragraphs, and where it leads (a label and an address)."""

    subject: str
    paragraphs: tuple[str, ...]
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom, to whom, under which id and when; the same mail sent again has the same id."""

    sender: str
    to: str
    mail_id: UUID
    at: datetime


def message(letter: Letter, envelope: Envelope) -> EmailMessage:
    """Return the message, its plain text first; a line break in a subject becomes a blank."""
    made = EmailMessage()
    made["From"], made["To"] = envelope.sender, envelope.to
    made["Subject"] = " ".join(letter.subject.split())
    made["Date"] = format_datetime(envelope.at)
    made["Message-ID"] = f"<{envelope.mail_id}@{parseaddr(envelope.sender)[1].rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes, please
    made.set_content(_plain(letter))
    made.add_alternative(_html(letter), subtype="html")
    return made


def _plain(letter: Letter) -> str:
    parts = list(letter.paragraphs)
    if letter.link:
        parts.append(f"{letter.link[0]}:\n{letter.link[1]}")
    return "\n\n".join(parts) + "\n"


def _html(letter: Letter) -> str:
    parts = [f"<p>{escape(text)}</p>" for text in letter.paragraphs]
    if letter.link:
        label, address = letter.link
        parts.append(f'<p><a href="{escape(address)}">{escape(label)}</a></p>')
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html><body style="font-family: sans-serif; line-height: 1.5; max-width: 36rem">\n'
        f'<h1 style="font-size: 1.2rem">{escape(letter.subject)}</h1>\n{body}\n</body></html>\n'
    )
