"""Every text of a page goes through the catalogue, and every page can be read in another language."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from app import i18n
from app.i18n import gettext, negotiate, use
from app.messages import TARGET, collect
from app.pages.environment import TEMPLATES, environment
from app.pages.words import permission_name
from billing.documents.words import STEPS, UNITS
from tenants.roles import Permission

ALLOWED = {"Tollbook", "doctype", "html"}
TEMPLATE_FILES = sorted(TEMPLATES.rglob("*.html"))


def _literal_words(text: str) -> set[str]:
    """Return the words that stand in a template outside of tags, expressions and comments."""
    for pattern in (
        r"\{#.*?#\}",
        r"\{%.*?%\}",
        r"\{\{.*?\}\}",
        r"<script.*?</script>",
        r"<[^>]*>",
        r'hx-[a-z-]+="[^"]*"',
    ):
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return set(re.findall(r"[A-Za-z]{2,}", text)) - ALLOWED


@pytest.mark.parametrize("template", TEMPLATE_FILES, ids=lambda path: path.name)
def test_no_template_has_a_literal_text(template: Path) -> None:
    assert _literal_words(template.read_text()) == set()


def test_no_label_or_title_is_a_literal_text() -> None:
    literal = re.compile(r'(?:aria-label|title|placeholder|alt)="[^"{]*[A-Za-z]{2,}[^"{]*"')

    assert [f"{file.name}: {found}" for file in TEMPLATE_FILES for found in literal.findall(file.read_text())] == []


@pytest.fixture
def shouting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language whose every text is the English one in capitals."""
    catalogue = collect()
    for message in catalogue:
        if message.id and isinstance(message.id, str) and "%" not in message.id:
            message.string = message.id.upper()
    out = io.BytesIO()
    write_po(out, catalogue)
    (tmp_path / "de.po").write_bytes(out.getvalue())
    monkeypatch.setattr(i18n, "LOCALE_FOLDER", tmp_path)
    i18n._translations.cache_clear()
    yield
    i18n._translations.cache_clear()
    use(negotiate(""))


@pytest.mark.usefixtures("shouting")
def test_a_translation_is_a_file_and_nothing_else() -> None:
    use(negotiate("de-DE"))
    assert gettext("Sign in") == "SIGN IN"

    use(negotiate("fr"))
    assert gettext("Sign in") == "Sign in"


@pytest.mark.parametrize("template", TEMPLATE_FILES, ids=lambda path: path.name)
def test_a_per_cent_sign_in_a_templates_text_is_doubled(template: Path) -> None:
    # Templates format every text, with or without names to fill in: a single sign would end the page with 500.
    found = [found for _line, _function, found in environment().extract_translations(template.read_text())]
    texts = [text for one in found for text in ([one] if isinstance(one, str) else one) if text]

    assert [text for text in texts if re.search(r"%(?!\(\w+\)[sd])", text.replace("%%", ""))] == []


def test_every_permission_has_a_name_for_people() -> None:
    assert [one for one in Permission if permission_name(one) == one.capitalize()] == []


def test_the_reasons_of_metering_are_in_the_catalogue() -> None:
    assert "Seen in the period, but by no event that qualifies." in collect()


def test_a_documents_sentences_and_units_are_in_the_catalogue_of_texts() -> None:
    known = {message.id for message in collect()}

    assert set(STEPS.values()) <= known
    assert {form for forms in UNITS.values() for form in forms} <= known
    assert "Tax id {0}" in known


def test_the_file_for_translators_is_current() -> None:
    with TARGET.open("rb") as file:
        written = {message.id for message in read_po(file) if message.id}

    assert written == {message.id for message in collect() if message.id}, "run `make messages`"


def test_no_page_sends_its_reader_to_an_address_of_the_api() -> None:
    folders = (TEMPLATES, TEMPLATES.parent / "pages")
    files = [file for folder in folders for kind in ("*.html", "*.py") for file in folder.rglob(kind)]
    pages = [file.name for file in files if re.search(r"\b(?:GET|POST|PUT|PATCH|DELETE) /|/v1/", file.read_text())]

    assert [name for name in pages if name != "routes.py"] == []
