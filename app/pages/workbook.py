"""Tables as an Excel file: the same values as the page and its CSV, figures as figures."""

import io
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import xlsxwriter

from app.pages.tables import Cell, Table

__all__ = ("workbook",)

NAME_MAX = 31
WIDTH = 18


def workbook(tables: Sequence[Table]) -> bytes:
    """Return a file with a sheet for each table, named by its caption."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True})
    for place, table in enumerate(tables):
        name = "".join(sign for sign in table.caption if sign not in "[]:*?/\\")[:NAME_MAX]
        sheet = book.add_worksheet(name or f"{place + 1}")
        sheet.set_column(0, len(table.columns), WIDTH)
        for at, column in enumerate(table.columns):
            sheet.write_string(0, at, column.label, bold)
        for line, row in enumerate((*table.rows, *((table.footer,) if table.footer else ())), 1):
            for at, one in enumerate(row):
                figure = _figure(one) if table.columns[at].numeric else None
                if figure is None:
                    sheet.write_string(line, at, one.text)
                else:
                    sheet.write_number(line, at, figure)
        sheet.freeze_panes(1, 1)
    book.close()
    return out.getvalue()


def _figure(one: Cell) -> Decimal | None:
    try:
        return Decimal(one.plain or "")
    except InvalidOperation:
        return None
