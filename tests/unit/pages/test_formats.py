"""Figures are rounded by the product's one rounding, then written as the reader's locale does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from app.i18n import Reader, use
from app.pages import formats
from app.pages.words import unit_name
from core.money import Money
from core.periods import Period, month_period


@pytest.fixture(autouse=True)
def british() -> Iterator[None]:
    use(Reader("en", Locale("en", "GB")))
    yield
    use(Reader("en", Locale("en", "GB")))


def test_money_has_exactly_its_currency_s_digits() -> None:
    assert formats.money(Money(123450, "EUR")) == "€1,234.50"
    assert formats.money(Money(1234, "JPY")) == "JP¥1,234"
    assert formats.money(Money(-5, "KWD")) == "-KWD0.005"


def test_a_unit_price_keeps_all_its_digits() -> None:
    assert formats.unit_price(Decimal("0.0125"), "EUR") == "€0.0125"
    assert formats.unit_price(Decimal("4.2"), "EUR") == "€4.20"
    assert formats.unit_price(Decimal(400), "EUR") == "€400.00"


def test_quantities_round_half_away_from_zero_not_to_even() -> None:
    # Babel alone would write 0.12 for 0.125.
    assert formats.quantity(Fraction(1, 8)) == "0.13"
    assert formats.quantity(Fraction(-1, 8)) == "-0.13"
    assert formats.quantity(Decimal(1204)) == "1,204"


def test_percentages_round_the_same_way() -> None:
    assert formats.percent(Fraction(1, 8)) == "12.5%"
    assert formats.percent(Fraction(1, 3)) == "33.3%"
    assert formats.percent(Fraction(1)) == "100%"


def test_a_file_gets_plain_decimals() -> None:
    assert formats.quantity_text(Fraction(2, 3)) == "0.666666666667"
    assert formats.quantity_text(Fraction(1200)) == "1200"
    assert formats.quantity_text(Fraction(0)) == "0"


def test_of_two_instants_that_clocks_show_alike_it_is_told_which() -> None:
    berlin, first = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert [formats.time_of_day(first + timedelta(hours=n), berlin) for n in (-1, 0, 1, 2)] == [
        "01:30", "02:30 CEST", "02:30 CET", "03:30",
    ]  # fmt: skip
    assert formats.instant(first, berlin) == "25 Oct 2026, 02:30 CEST"
    assert formats.instant(first, ZoneInfo("UTC")) == "25 Oct 2026, 00:30"
    # Put forward, clocks leave an hour out and show none twice.
    assert formats.time_of_day(datetime(2026, 3, 29, 1, tzinfo=UTC), berlin) == "03:00"


def test_a_german_reader_reads_german_figures() -> None:
    use(Reader("en", Locale("de", "DE")))

    assert formats.money(Money(123450, "EUR")) == "1.234,50\N{NO-BREAK SPACE}€"
    assert formats.quantity(Decimal("37.5")) == "37,5"
    assert formats.day(date(2026, 11, 24)) == "24.11.2026"
    assert formats.instant(datetime(2026, 11, 24, 13, tzinfo=UTC), ZoneInfo("UTC")) == "24.11.2026, 13:00"


def test_an_american_reader_reads_days_and_instants_in_one_order() -> None:
    use(Reader("en", Locale("en", "US")))

    assert formats.day(date(2026, 11, 24)) == "Nov 24, 2026"
    assert formats.instant(datetime(2026, 11, 24, 13, tzinfo=UTC), ZoneInfo("UTC")) == "Nov 24, 2026, 13:00"


def test_a_whole_month_is_called_by_its_name_other_periods_by_their_days() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    assert formats.period(month_period(2026, 10, berlin), berlin) == "October 2026"
    # 10 October 00:00 to 20 October 00:00 in Berlin, the end not included: the 19th is the last day.
    part = Period(datetime(2026, 10, 9, 22, tzinfo=UTC), datetime(2026, 10, 19, 22, tzinfo=UTC))
    assert formats.period(part, berlin) == "10 Oct 2026 to 19 Oct 2026"


def test_instants_are_told_on_the_tenant_s_clock() -> None:
    midnight = datetime(2026, 7, 31, 22, 30, tzinfo=UTC)

    assert formats.instant(midnight, ZoneInfo("Europe/Berlin")) == "1 Aug 2026, 00:30"


def test_a_unit_behind_one_is_in_the_singular_and_an_unknown_one_as_it_is_written() -> None:
    assert [unit_name("audiences", figure) for figure in (1, 2, None)] == ["audience", "audiences", "audiences"]
    assert [unit_name("person", Decimal(figure)) for figure in ("1.0", "1.5", "0")] == ["person", "people", "people"]
    assert unit_name("seat_hours", 1) == "seat hours"
