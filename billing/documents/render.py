"""A document as PDF: the same content gives the same bytes, on any machine with this typst."""

from datetime import UTC, date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any

import fontpkg_inter
import msgspec
import typst

__all__ = ("render_pdf",)

TEMPLATE = Path(str(files("billing.documents"))) / "invoice.typ"
FONTS = Path(fontpkg_inter.__file__).parent / "files"


def render_pdf(content: dict[str, Any]) -> bytes:
    """Return the document as PDF/A-3b, tagged, with its fonts inside.

    Neither the clock nor the machine's fonts are asked: the creation date in the file is the
    document's own.

    Args:
        content: from `documents.content`.
    """
    created = datetime.combine(date.fromisoformat(content["date"]), time(12), UTC)
    pdf = typst.compile(
        TEMPLATE,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"content": msgspec.json.encode(content).decode()},
        format="pdf",
        pdf_standards="a-3b",
        timestamp=int(created.timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf
