"""The base of all tables: naming of constraints, and column types that refuse what is ambiguous."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

__all__ = ("Base", "Instant", "TenantId", "UtcDateTime", "json_column")


class UtcDateTime(TypeDecorator[datetime]):
    """`timestamptz` that takes aware instants only and gives them back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: its instant is a guess."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime has no instant")
        return value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the instant in UTC whatever the session's zone."""
        return None if value is None else value.astimezone(UTC)


Instant = Annotated[datetime, mapped_column(UtcDateTime)]
TenantId = Annotated[UUID, mapped_column(PG_UUID(as_uuid=True), primary_key=True)]


def json_column(**options: Any) -> Any:
    """Return a JSONB column."""
    return mapped_column(JSONB, **options)


class Base(DeclarativeBase):
    """All tables of all packages, in one metadata so that Alembic sees them together.

    Names of constraints follow one convention, so that a refusal by the database can be told by
    name. Every table leads its primary key with `tenant_id`, except those that
    `tests/architecture` lists as global.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        UUID: PG_UUID(as_uuid=True),
        str: Text,
        int: BigInteger,
    }
