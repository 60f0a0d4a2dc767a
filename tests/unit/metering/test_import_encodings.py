"""Encodings and delimiters of files: known, said, or asked for, and never guessed wrong in silence."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from tests.builders.import_file import events, faults, opened

COMMUNITY = "Author,Kind,Object,Date\nJörg,Reply,7,2026-03-04 10:00\n"
ENCODED = [
    ("Dvořák", "cp1250"), ("François", "cp1252"), ("Иванов", "cp1251"), ("Jörg", "cp850"), ("Jörg", "mac-roman"),
    ("Łódź", "iso-8859-2"), ("Ελλάδα", "cp1253"), ("日本語", "shift-jis"), ("日本語", "euc-jp"), ("日本語", "iso-2022-jp"),
    ("中文名字", "gb18030"), ("한국어", "euc-kr"), ("İğdır", "cp1254"), ("Čiurlionis", "cp1257"), ("у", "cp1251"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "encoding"), ENCODED)
def test_text_of_before_unicode_is_asked_for_its_encoding_and_never_read_as_another(
    folder: Path, name: str, encoding: str
) -> None:
    data = f"Author,Kind,Object,Date\nann,Reply,y,2026-03-04 10:00\n{name},Reply,x,2026-03-04 10:00\n".encode(encoding)

    if encoding != "iso-2022-jp":  # which is told by what stands in the head only
        with pytest.raises(InvalidInput) as refused:
            opened(folder, data, preset="community-activity")
        [fault] = refused.value.errors
        assert (fault.pointer, fault.code) == ("encoding", "import_encoding_unclear")
        assert encoding in fault.detail
    _, found = opened(folder, data, preset="community-activity", encoding=encoding)
    assert events(found)[-1]["subject"] == name


def test_all_of_a_file_is_looked_at_for_its_encoding(folder: Path) -> None:
    # The name comes after more than is looked at for the header.
    rows = "".join(f"ann,Reply,{number},2026-03-04 10:00\n" for number in range(9_000))
    data = f"Author,Kind,Object,Date\n{rows}Dvořák,Reply,x,2026-03-04 10:00\n".encode("cp1250")
    with pytest.raises(InvalidInput, match="Dvořák"):
        opened(folder, data, preset="community-activity")


def test_an_encoding_on_which_nothing_depends_is_not_asked_for(folder: Path) -> None:
    text = "Author,Kind,Object,Date\n“Jörg” – Großöl & Söhne,Reply,7 €,2026-03-04 10:00\n"
    plan, rows = opened(folder, text.encode("cp1252"), preset="community-activity")
    assert (plan.encoding, events(rows)[0]["subject"]) == ("cp1252", "“Jörg” – Großöl & Söhne")


@pytest.mark.parametrize(
    ("data", "encoding", "told"),
    [
        ("Jörg".encode(), "cp1252", "All bytes are valid UTF-8"),
        ("Jörg".encode(), "iso-8859-1", "All bytes are valid UTF-8"),
        ("“Łódź”".encode("cp1250"), "iso-8859-2", "no text in iso-8859-2"),
        ("日本語".encode("iso-2022-jp"), "", "ISO-2022-JP"),
    ],
)
def test_an_encoding_that_cannot_be_is_refused(folder: Path, data: bytes, encoding: str, told: str) -> None:
    whole = b"Author,Kind,Object,Date\n" + data + b",Reply,7,2026-03-04 10:00\n"
    with pytest.raises(InvalidInput) as refused:
        opened(folder, whole, preset="community-activity", encoding=encoding)
    [fault] = refused.value.errors
    assert (fault.code, told in fault.detail) == ("import_encoding_unclear", True)


def test_a_byte_that_is_not_of_the_encoding_that_was_said_spoils_its_row_only(folder: Path) -> None:
    body = COMMUNITY.encode("shift-jis", "replace") + b"\x83\xff\xff,Reply,8,2026-03-04 10:00\n"
    _, rows = opened(folder, body, preset="community-activity", encoding="shift-jis")
    assert faults(rows) == [(3, "text_undecodable", "Author")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"Author^Kind^Object^Date\nann^Reply^7^2026-03-04\n", "no comma, semicolon, tab or pipe"),
        (b"sep=-\nAuthor-Kind-Object-Date\nann-Reply-7-x\n", "sep=-"),
        (b'sep="\nAuthor"Kind"Object"Date\nann"Reply"7"x\n', 'sep="'),
        (b"sep=x\nAuthorxKindxObjectxDate\nannxReplyx7xx\n", "sep=x"),
    ],
)
def test_fields_that_nothing_known_separates_are_told(folder: Path, data: bytes, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        opened(folder, data, preset="community-activity")
    [fault] = refused.value.errors
    assert (fault.pointer, fault.code, told in fault.detail) == ("delimiter", "import_delimiter_unclear", True)


def test_a_mark_of_ones_own_may_be_said_in_the_first_line(folder: Path) -> None:
    data = b"sep=^\nAuthor^Kind^Object^Date\nann^Reply^7^2026-03-04 10:00\n"
    assert events(opened(folder, data, preset="community-activity")[1])[0]["subject"] == "ann"
