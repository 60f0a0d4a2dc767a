"""A letter's message, the settings of the mail server, and what a server that is not there comes to."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from core.settings import MailServer, mail_server
from tenants.mails.letters import Envelope, Letter, is_address, message
from tenants.mails.smtp import deliver

ENVELOPE = Envelope("Tollbook <t@vendor.example>", "ann@acme.example", UUID(int=7), datetime(2026, 11, 1, tzinfo=UTC))


def test_no_name_can_write_a_header_or_markup() -> None:
    made = message(
        Letter("Seat in\r\nBcc: eve@evil.example", ("<b>1 & 2</b>",), ("Open", "https://x.example/?a=1&b=2")), ENVELOPE
    )

    assert made["Bcc"] is None
    assert made["Subject"] == "Seat in Bcc: eve@evil.example"
    html = made.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<p>&lt;b&gt;1 &amp; 2&lt;/b&gt;</p>" in html
    assert 'href="https://x.example/?a=1&amp;b=2"' in html
    assert made.get_body(("plain",)).get_content() == "<b>1 & 2</b>\n\nOpen:\nhttps://x.example/?a=1&b=2\n"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "well"),
    [
        ("finance@example.com", True), ("a.b+c@sub.example.org", True), ("ann", False), ("ann@localhost", False),
        ("Ann <ann@example.com>", False), ("a@b.com,c@d.com", False), ("a@b.com\n", False), ("a" * 250 + "@b.com", False),
    ],
)  # fmt: skip
def test_an_address_is_one_address(text: str, well: bool) -> None:
    assert is_address(text) is well


def test_the_server_is_read_from_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMTP_URL", raising=False)
    assert mail_server() is None
    monkeypatch.setenv("SMTP_URL", "smtps://us%40er:p%3Aw@mail.example.com")
    monkeypatch.setenv("MAIL_FROM", "")
    monkeypatch.setenv("PUBLIC_URL", "https://billing.example.com/")

    server = mail_server()

    sender = "Tollbook <tollbook@billing.example.com>"
    assert server == MailServer("mail.example.com", 465, "us@er", "p:w", True, sender)
    assert "p:w" not in repr(server)
    monkeypatch.setenv("SMTP_URL", "mail.example.com:25")
    with pytest.raises(ValueError, match="smtp://user:password@host:587"):
        mail_server()


def test_a_server_that_is_not_there_is_an_error_of_each_mail_that_may_pass() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: it refuses
        server = MailServer("127.0.0.1", free.getsockname()[1], "", "", False, "t@vendor.example")
        made = message(Letter("s", ("t",)), ENVELOPE)

        first, second = deliver(server, [made, made])

    assert first == second
    assert first.error.startswith("ConnectionRefusedError")
    assert not first.final


def test_in_place_of_a_server_a_folder_takes_each_mail_as_a_file_that_people_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_URL", f"file://{tmp_path}/mail%20out")
    monkeypatch.setenv("MAIL_FROM", "Tollbook <t@vendor.example>")
    server = mail_server()
    assert server is not None
    link = "https://billing.example.com/welcome/" + "x" * 120
    made = message(Letter("Grüße", ("Hello.",), ("Open", link)), ENVELOPE)

    assert [one.error for one in deliver(server, [made, made])] == ["", ""]

    [file] = (tmp_path / "mail out").iterdir()  # the same mail again is the same file
    assert file.name.startswith("20261101-000000-ann@acme.example-")
    assert file.stat().st_mode & 0o077 == 0
    text = file.read_text()
    assert "To: ann@acme.example\nSubject: Grüße\n" in text
    assert f"\nOpen:\n{link}\n" in text, "not broken into lines"
