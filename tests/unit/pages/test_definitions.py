"""Limits and other definitions as a reader sees them."""

from datetime import date

import pytest

from app.pages.sales.definitions import definition_view
from app.pages.tables import TableQuery
from billing.answers.results import DefinitionResult, Flip
from billing.schemas.amounts import MoneyAnswer

NOTHING = MoneyAnswer("0.00", "EUR")


@pytest.mark.parametrize(
    ("flips_out", "caption"),
    [
        (500, "Who flips"),
        (1962, "Who flips: the first 500 of 1,962; ask about fewer days to see the others"),
    ],
)
def test_a_list_of_flips_that_is_cut_says_how_many_there_are(flips_out: int, caption: str) -> None:
    flip = Flip("members.active", date(2026, 8, 1), "p-1", counts=False, reason="too_few_events")
    result = DefinitionResult("EUR", NOTHING, NOTHING, NOTHING, (), 0, flips_out, (flip,) * 500)

    _verdict, _charts, (_lines, flips) = definition_view(result, TableQuery.of("", {}))

    assert flips.caption == caption
