from datetime import date
from uuid import UUID

from billing.numbering import Numbered, series_of

ENTITY, CLOCK = UUID(int=1), UUID(int=0xABCDEF12)


def test_an_invoices_number_names_prefix_year_and_six_digits():
    series = series_of(ENTITY, "invoice", date(2026, 11, 4), None)

    assert Numbered(series, 42, date(2026, 11, 4)).text("TBE") == "TBE-2026-000042"


def test_credit_notes_have_a_series_of_their_own():
    series = series_of(ENTITY, "credit_note", date(2026, 11, 4), None)

    assert Numbered(series, 1, date(2026, 11, 4)).text("TBE") == "TBE-CN-2026-000001"


def test_each_test_clock_has_series_of_its_own_so_that_it_cannot_push_real_dates_ahead():
    real = series_of(ENTITY, "invoice", date(2027, 1, 1), None)
    sandbox = series_of(ENTITY, "invoice", date(2027, 1, 1), CLOCK)

    assert real != sandbox
    assert sandbox.name == "INV-Tabcdef12"


def test_a_new_year_begins_a_new_series():
    assert series_of(ENTITY, "invoice", date(2026, 12, 31), None) != series_of(
        ENTITY, "invoice", date(2027, 1, 1), None
    )
