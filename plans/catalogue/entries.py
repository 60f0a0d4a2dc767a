"""What a line of the catalogue is."""

from dataclasses import dataclass
from typing import Literal

from plans.documents import PlanDocument

__all__ = ("CatalogueEntry", "Family")


@dataclass(frozen=True, slots=True)
class Family:
    """Plans that are ordered from light to full, so that up and down are known without comparing prices."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A plan or an add-on with the content of its first version."""

    key: str
    family_key: str
    name: str
    kind: Literal["base", "addon"]
    rank: int
    """The tier within the family, light to full; alternatives in one tier share it."""
    document: PlanDocument
