"""What each limit would have done, as a reader sees it."""

from datetime import UTC, datetime

from msgspec import structs

from app.pages.sales.definitions import seats_view
from app.pages.tables import TableQuery
from billing.answers.results import LimitCost, SeatsResult
from billing.schemas.amounts import MoneyAnswer

HOUR = datetime(2026, 8, 5, 9, tzinfo=UTC)
AT_TWO = LimitCost(2, 12, 3, 3, "25", "25", 1, "31.0345", "12.5", MoneyAnswer("228.00", "EUR"), 3, 1, "33.3333")
RESULT = SeatsResult("EUR", "Concurrent", "25", 3, 3, "1.50", (AT_TWO,), 2, HOUR)


def test_the_busiest_hour_as_replayed_stands_beside_the_formulas_of_that_hour() -> None:
    _verdict, charts, (table,) = seats_view(RESULT, TableQuery.of("", {}))

    found = {column.label: (one.text, one.sub) for column, one in zip(table.columns, table.rows[0], strict=True)}
    assert found["Busiest hour, replayed"] == ("33.33%", "1 of 3")
    assert (found["Busiest hour, Erlang-B"][0], found["Busiest hour, Engset"][0]) == ("31.03%", "12.5%")
    # No drawing has the whole time in it beside one hour.
    assert [[one.name for one in chart.series] for chart in charts[:2]] == [
        ["Replayed"], ["Replayed", "Erlang-B", "Engset"],
    ]  # fmt: skip
    assert "5 Aug 2026, 09:00 UTC, 1.5 erlang" in charts[1].title


def test_an_answer_from_before_the_hour_was_replayed_is_shown_without_it() -> None:
    old = structs.replace(AT_TWO, hour_requests=0, hour_denied=0, hour_denied_percent="")

    _verdict, charts, (table,) = seats_view(
        structs.replace(RESULT, limits=(old,), busy_hour_starts_at=None), TableQuery.of("", {})
    )

    assert (len(charts), table.rows[0][4].text) == (2, "–")
