"""The shipped catalogue, as data: three tiers in five plans, and the add-ons.

List prices are per month in USD; the EUR and GBP lists are the same figures × 0.92 and × 0.80,
rounded to 0.01 half away from zero (`plans.catalogue.prices`).
"""

from plans.catalogue.addons import ADDONS
from plans.catalogue.entries import CatalogueEntry, Family
from plans.catalogue.suite import SUITE

__all__ = ("CATALOGUE", "FAMILIES", "CatalogueEntry", "Family")

FAMILIES: tuple[Family, ...] = (
    Family("social-learning-suite", "Social Learning Suite"),
    Family("add-ons", "Add-ons"),
)
CATALOGUE: tuple[CatalogueEntry, ...] = (*SUITE, *ADDONS)
