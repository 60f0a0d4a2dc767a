"""Writes of corrections and policies; facts themselves are written by `metering.ingest` alone."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from metering.models import Correction, PolicyBinding

__all__ = ("add_correction", "add_policy_binding")


def add_correction(session: Session, row: Mapping[str, Any]) -> None:
    """Append a correction; its columns are those of `Correction`."""
    session.execute(insert(Correction).values(dict(row)))


def add_policy_binding(session: Session, row: Mapping[str, Any]) -> None:
    """Append a binding of counting policies; its columns are those of `PolicyBinding`."""
    session.execute(insert(PolicyBinding).values(dict(row)))
