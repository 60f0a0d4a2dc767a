"""Collects every text that a person may read into app/locale/messages.pot: `make messages`.

A translation is `app/locale/<language>.po`, made from it by any gettext tool; it is read as it is.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from billing.documents.words import STEPS, UNITS
from metering.imports.presets import PRESETS
from metering.measurement import EXCLUSIONS
from metering.unmetered import UNMETERED

__all__ = ("collect", "main")

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "app" / "locale" / "messages.pot"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "translate": None}
SOURCES = (
    ("app", [("**.py", "python"), ("templates/**.html", "jinja2")]),
    ("billing", [("**.py", "python")]),
)
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}


def collect() -> Catalog:
    """Return the catalogue of all texts, sorted."""
    catalogue = Catalog(project="Tollbook", charset="utf-8")
    for message in _messages():
        catalogue.add(message)
    return catalogue


def _messages() -> Iterator[str | tuple[str, ...]]:
    for folder, methods in SOURCES:
        found = extract_from_dir(ROOT / folder, methods, OPTIONS, keywords=KEYWORDS)
        for _file, _line, message, _comments, _context in found:
            yield message
    # Why somebody was not counted stands in metering, which knows no languages.
    yield from EXCLUSIONS.values()
    for preset in PRESETS.values():
        yield from (preset.title, preset.text)
    yield from UNMETERED.values()
    # A document's sentences are found by a step's code, and a unit by its meter.
    yield from STEPS.values()
    for forms in UNITS.values():
        yield from forms


def main() -> None:
    """Write the catalogue."""
    TARGET.parent.mkdir(exist_ok=True)
    with TARGET.open("wb") as file:
        write_po(file, collect(), omit_header=True, no_location=True, sort_output=True, width=120)


if __name__ == "__main__":
    main()
