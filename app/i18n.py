"""The reader's language and formats, negotiated per request.

Texts are English in the code and go through `gettext`; `app/locale/<language>.po` translates them.
Numbers, dates and money follow the reader's locale even where the texts are not translated yet.
The catalogues are read from their sources at start: there is no build step to forget.
"""

import io
import re
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

__all__ = ("Reader", "gettext", "negotiate", "ngettext", "reader", "use")

LOCALE_FOLDER = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"
_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the language of the texts, and the locale of figures and dates."""

    language: str
    locale: Locale


_DEFAULT = Reader(SOURCE_LANGUAGE, Locale("en", "GB"))
_reader: ContextVar[Reader] = ContextVar("reader", default=_DEFAULT)


def reader() -> Reader:
    """Return the reader of the running request."""
    return _reader.get()


def use(who: Reader) -> None:
    """Make `who` the reader of the running request."""
    _reader.set(who)


def negotiate(accept_language: str) -> Reader:
    """Choose language and locale from an `Accept-Language` header; what is unknown is passed over.

    >>> negotiate("xx, de-AT;q=0.8, en;q=0.5").locale.territory
    'AT'
    """
    locales = [locale for tag in _by_preference(accept_language) if (locale := _parse(tag)) is not None]
    if not locales:
        return _DEFAULT
    translated = {SOURCE_LANGUAGE, *(path.stem for path in LOCALE_FOLDER.glob("*.po"))}
    language = next((locale.language for locale in locales if locale.language in translated), SOURCE_LANGUAGE)
    return Reader(language, locales[0])


def _by_preference(header: str) -> Iterable[str]:
    weighted = []
    # A header of thousands of tags is nobody's preference.
    for position, part in enumerate(header[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter.strip())
        if tag and tag != "*" and weight > 0:
            weighted.append((-weight, position, tag))
    return [tag for _, _, tag in sorted(weighted)]


def _weight(parameter: str) -> Decimal:
    """Return the quality of `q=0.8`: 1 where none is given, 0 where it is no number."""
    if not parameter:
        return Decimal(1)
    found = _QUALITY.fullmatch(parameter)
    return Decimal(found[1]) if found else Decimal(0)


@cache
def _parse(tag: str) -> Locale | None:
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    # A bare language still needs a territory for its customs: English reads as British, not American,
    # because most tenants write day before month.
    return Locale("en", "GB") if str(locale) == "en" else locale


@cache
def _translations(language: str) -> NullTranslations:
    source = LOCALE_FOLDER / f"{language}.po"
    if language == SOURCE_LANGUAGE or not source.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def gettext(message: str) -> str:
    """Translate a text for the running request's reader."""
    return _translations(reader().language).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a text that depends on a count."""
    return _translations(reader().language).ngettext(singular, plural, count)
