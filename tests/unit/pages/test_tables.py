"""Sorting, paging and files of tables."""

from app.pages.tables import Cell, Column, Table, TableQuery, cell, csv_text, number


def query(**parameters: str) -> TableQuery:
    return TableQuery.of("/list", parameters)


def test_a_figure_s_column_sorts_largest_first_then_the_other_way() -> None:
    column = Column("Quantity", "quantity", numeric=True)

    assert query().columns(column)[0].href == "/list?sort=-quantity"
    now = query(sort="-quantity").columns(column)[0]
    assert (now.href, now.sorted) == ("/list?sort=quantity", "descending")


def test_sorting_begins_on_the_first_page_and_keeps_the_filter() -> None:
    (column,) = query(after="50", show="excluded").columns(Column("Name", "name"))

    assert column.href == "/list?show=excluded&sort=name"


def test_an_unknown_sort_wish_changes_nothing() -> None:
    assert query(sort="-password").sort([3, 1, 2], {"size": lambda value: value}) == [3, 1, 2]


def test_120_rows_are_three_pages_of_50_50_and_20() -> None:
    rows = list(range(120))

    shown, pager = query().page(rows)
    assert (list(shown), pager.text, pager.previous, pager.next) == (rows[:50], "1–50 of 120", None, "/list?after=50")
    shown, pager = query(after="100").page(rows)
    assert (list(shown), pager.text, pager.previous, pager.next) == (
        rows[100:],
        "101–120 of 120",
        "/list?after=50",
        None,
    )


def test_a_place_beyond_the_end_shows_the_beginning() -> None:
    for nonsense in ("1000", "-3", "x", "9" * 40):
        shown, _ = query(after=nonsense).page(list(range(60)))
        assert list(shown) == list(range(50))


def test_a_file_holds_exact_figures_and_no_formulas() -> None:
    table = Table(
        "t", "T", (Column("Name"), Column("Amount", numeric=True)),
        ((cell("=HYPERLINK(1)"), number("1,234.57", "1234.567")), (Cell("Ada", sub="Sales"), number("2", "2"))),
    )  # fmt: skip

    assert csv_text(table) == "Name,Amount\r\n'=HYPERLINK(1),1234.567\r\nAda (Sales),2\r\n"
