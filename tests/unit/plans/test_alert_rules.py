"""When an alert fires and fires again, and what a month comes to by its run rate."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from core.periods import month_period, zone
from plans.alerts.forecast import as_before, at_the_end, goes_on, weekday_profile
from plans.alerts.rules import AlertRule, Fired, Look, decide, faults, level, watches_the_same

NOVEMBER = month_period(2026, 11, zone("UTC"))
ABSOLUTE = AlertRule("Many", "meter", "courses.transactions.net", "absolute", Decimal(100))
PERCENT = AlertRule("Seats", "seat_pool", "authors", "percent", Decimal(80))
FORECAST = replace(ABSOLUTE, when="forecast")
SPEND = AlertRule("Budget", "spend", "", "absolute", Decimal(100))


def look(value: float | Fraction, limit: int | None = None, forecast: Fraction | None = None) -> Look:
    whole = None if limit is None else Fraction(limit)
    return Look(NOVEMBER, date(2026, 11, 1), date(2026, 12, 1), Fraction(value), whole, forecast)


def test_it_fires_when_the_level_is_reached_and_not_a_hair_before() -> None:
    assert decide(ABSOLUTE, look(Fraction(999999, 10000)), None) is None
    assert decide(ABSOLUTE, look(100), None) == "fire"
    # 80 % of 25 seats are 20.
    assert decide(PERCENT, look(19, 25), None) is None
    assert decide(PERCENT, look(20, 25), None) == "fire"


def test_it_fires_once_and_again_only_after_it_fell_clearly_below() -> None:
    fired = Fired(1, Fraction(100), rearmed=False)

    assert decide(ABSOLUTE, look(250), fired) is None
    # 5 % below 100 is 95.
    assert decide(ABSOLUTE, look(95), fired) is None
    assert decide(ABSOLUTE, look(94), fired) == "rearm"
    assert decide(ABSOLUTE, look(99), replace(fired, rearmed=True)) is None
    assert decide(ABSOLUTE, look(100), replace(fired, rearmed=True)) == "fire"
    assert decide(replace(ABSOLUTE, hysteresis_percent=0), look(Fraction(99)), fired) == "rearm"


def test_a_limit_that_is_lowered_or_gone_moves_the_level() -> None:
    assert decide(PERCENT, look(19, 20), None) == "fire"
    assert level(PERCENT, None) is None
    assert decide(PERCENT, look(19), None) is None


def test_of_nothing_no_percentage_is_reached() -> None:
    fired = Fired(1, Fraction(20), rearmed=False)

    assert level(PERCENT, Fraction(0)) is None
    for taken in (0, 3):
        assert decide(PERCENT, look(taken, 0), None) is None
        assert decide(PERCENT, look(taken, 0), fired) is None
    assert decide(PERCENT, look(1, 1), None) == "fire"


def test_a_level_that_rises_above_the_figure_arms_again_and_one_that_stays_does_not() -> None:
    fired = Fired(1, Fraction(80), rearmed=False)  # 80 % of 100 seats

    # Of 110 seats 80 % are 88: 85 is less than 5 % below it, and was never told at that level.
    assert decide(PERCENT, look(85, 110), fired) == "rearm"
    assert decide(PERCENT, look(79, 100), fired) is None
    assert decide(PERCENT, look(90, 110), fired) is None
    # 80 % of 33⅓ are kept as 26.666667.
    kept = Fired(1, Fraction(26666667, 1000000), rearmed=False)
    assert (
        decide(PERCENT, Look(NOVEMBER, date(2026, 11, 1), date(2026, 12, 1), Fraction(26), Fraction(100, 3)), kept)
        is None
    )


def test_what_is_told_otherwise_is_the_same_and_what_is_told_from_another_level_on_is_not() -> None:
    assert watches_the_same(ABSOLUTE, replace(ABSOLUTE, name="Other", hysteresis_percent=9))
    assert not watches_the_same(ABSOLUTE, replace(ABSOLUTE, value=Decimal(101)))
    assert not watches_the_same(SPEND, replace(SPEND, currency="USD"))


def test_a_forecast_fires_on_what_is_to_come_and_waits_until_there_is_one() -> None:
    assert decide(FORECAST, look(10), None) is None
    assert decide(FORECAST, look(10, forecast=Fraction(9999, 100)), None) is None
    assert decide(FORECAST, look(10, forecast=Fraction(100)), None) == "fire"
    assert decide(FORECAST, look(10, forecast=Fraction(94)), Fired(1, Fraction(100), rearmed=False)) == "rearm"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, "name_missing"), ({"value": Decimal(0)}, "value_invalid"),
        ({"value": Decimal("NaN")}, "value_invalid"), ({"when": "percent"}, "limit_missing"),
        ({"limit": Decimal(5)}, "limit_unused"), ({"hysteresis_percent": 91}, "hysteresis_invalid"),
        ({"subject": "floating_pool", "when": "forecast"}, "forecast_impossible"),
        ({"subject": "denials", "when": "forecast"}, "forecast_impossible"),
        ({"subject": "denials", "cost_centre": "a"}, "cost_centre_unused"),
        ({"subject": "spend", "per": "month"}, "per_unused"),
        ({"currency": "EUR"}, "currency_unused"),
        ({"subject": "spend", "key": "", "currency": "EURO"}, "currency_unknown"),
        ({"key": "courses.revenue", "currency": "usd"}, "currency_unknown"),
        ({"when": "percent", "limit": Decimal(0)}, "limit_invalid"),
        ({"value": Decimal("0.0000001")}, "value_invalid"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused_with_its_field(changes: dict[str, object], code: str) -> None:
    assert faults(ABSOLUTE) == faults(PERCENT) == []
    assert [fault.code for fault in faults(replace(ABSOLUTE, **changes))] == [code]  # type: ignore[arg-type]


def days(first: date, *figures: int) -> list[tuple[date, Fraction]]:
    return [(first + timedelta(index), Fraction(figure)) for index, figure in enumerate(figures)]


def test_a_weekend_on_which_nobody_learns_is_not_forecast_as_a_weekday() -> None:
    # Eight weeks from Monday 5 January 2026 with 10 on each weekday and nothing on weekends.
    before = days(date(2026, 1, 5), *([10] * 5 + [0] * 2) * 8)
    # Monday to Friday of 2 March came to 20 each: twice the profile (1 March is a Sunday with 0).
    ended = days(date(2026, 3, 1), 0, 20, 20, 20, 20, 20)
    saturday = (date(2026, 3, 7), Fraction(0))
    ahead = [date(2026, 3, one) for one in range(8, 32)]

    assert weekday_profile(before) == (10, 10, 10, 10, 10, 0, 0)
    # 17 weekdays are ahead in March 2026 (9–13, 16–20, 23–27, 30, 31): 100 + 17 × 20.
    assert at_the_end(before, ended, saturday, ahead) == 440


def test_today_counts_as_it_usually_does_or_as_it_is_already() -> None:
    ended, ahead = days(date(2026, 11, 1), 10, 10), [date(2026, 11, one) for one in range(4, 31)]

    # Without history each day counts alike: 20 + 10 today + 27 × 10.
    assert at_the_end([], ended, (date(2026, 11, 3), Fraction(4)), ahead) == 300
    assert at_the_end([], ended, (date(2026, 11, 3), Fraction(25)), ahead) == 315


def test_on_the_first_day_there_is_no_forecast_and_on_the_last_it_is_the_figure() -> None:
    assert at_the_end([], [], (date(2026, 11, 1), Fraction(5)), [date(2026, 11, 2)]) is None
    ended = days(date(2026, 11, 1), *[1] * 29)
    assert at_the_end([], ended, (date(2026, 11, 30), Fraction(3)), []) == 32


def test_a_month_that_began_on_days_without_history_goes_by_its_plain_mean() -> None:
    before = days(date(2026, 6, 1), *([10] * 5 + [0] * 2) * 8)
    # 1 and 2 August 2026 are a weekend: the profile says 0, and 3 happened each day.
    ended, today = days(date(2026, 8, 1), 3, 3), (date(2026, 8, 3), Fraction(0))

    assert at_the_end(before, ended, today, [date(2026, 8, one) for one in range(4, 32)]) == 93


def test_the_look_knows_its_period() -> None:
    assert look(1).period.starts_at == datetime(2026, 11, 1, tzinfo=UTC)


def test_what_does_not_add_up_goes_on_as_before_but_never_faster_than_time() -> None:
    third = Fraction(1, 3)

    # Two earlier periods grew from 40 + 60 to 50 + 75: by a quarter.
    assert as_before(Fraction(80), [(Fraction(40), Fraction(50)), (Fraction(60), Fraction(75))], third) == 100
    # It began late in the earlier period: 2 grew to 500; after a third of the time there may be three times as many.
    assert as_before(Fraction(80), [(Fraction(2), Fraction(500))], third) == 240
    assert as_before(Fraction(80), [(Fraction(0), Fraction(500))], third) is None
    # What shrank before is expected to shrink.
    assert as_before(Fraction(80), [(Fraction(40), Fraction(30))], third) == 60


def test_growth_goes_on_and_what_falls_ends_at_nothing() -> None:
    # 28 more in 28 days: 1 a day, for 10 more days.
    assert goes_on(Fraction(100), Fraction(72), (28, 10)) == 110
    assert goes_on(Fraction(5), Fraction(15), (5, 10)) == 0
