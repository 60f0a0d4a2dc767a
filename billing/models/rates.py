"""Global tables: the rates that bills rest on, and the numbers of the series."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Numeric, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base

__all__ = (
    "ExchangeRate",
    "NumberCounter",
    "NumberRegistry",
    "TaxRateRow",
)


class TaxRateRow(Base):
    """Global: a country's standard rate from a date on, until its next row."""

    __tablename__ = "tax_rate"
    __table_args__ = (
        CheckConstraint("percent >= 0 and percent < 100", name="percent_sane"),
        CheckConstraint("category in ('S', 'O')", name="category"),
    )
    country: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    category: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    source: Mapped[str]


class ExchangeRate(Base):
    """Global: units of `base_currency` for one unit of `currency` from a date on, with its source."""

    __tablename__ = "exchange_rate"
    __table_args__ = (
        CheckConstraint("rate > 0", name="rate_positive"),
        CheckConstraint("currency <> base_currency", name="two_currencies"),
    )
    currency: Mapped[str] = mapped_column(primary_key=True)
    base_currency: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    source: Mapped[str]


class NumberCounter(Base):
    """Global: the last number of a series. Its locked row orders those who finalise."""

    __tablename__ = "number_counter"
    __table_args__ = (CheckConstraint("last_number >= 0", name="last_number_sane"),)
    legal_entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    last_number: Mapped[int]
    last_issued_on: Mapped[date | None]


class NumberRegistry(Base):
    """Global, append-only: every number given. Each row points at the one before it and its date.

    So the database itself refuses a gap, a second use of a number, and a date that goes back.
    """

    __tablename__ = "number_registry"
    __table_args__ = (
        UniqueConstraint("legal_entity_id", "series", "year", "number", "issued_on"),
        UniqueConstraint("tenant_id", "invoice_id"),
        ForeignKeyConstraint(
            ["legal_entity_id", "series", "year", "previous_number", "previous_issued_on"],
            [
                "number_registry.legal_entity_id",
                "number_registry.series",
                "number_registry.year",
                "number_registry.number",
                "number_registry.issued_on",
            ],
            name="fk_number_registry_previous",
        ),
        CheckConstraint(
            "(number = 1 and previous_number is null) or previous_number = number - 1", name="number_gapless"
        ),
        CheckConstraint("(previous_number is null) = (previous_issued_on is null)", name="previous_whole"),
        CheckConstraint("issued_on >= previous_issued_on", name="issue_date_never_back"),
        CheckConstraint("extract(year from issued_on) = year", name="issued_in_year"),
    )
    legal_entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    issued_on: Mapped[date]
    previous_number: Mapped[int | None]
    previous_issued_on: Mapped[date | None]
    tenant_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
