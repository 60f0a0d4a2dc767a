"""The add-ons. The user bank (roll-over of unused active members) is not among them yet."""

from decimal import Decimal
from typing import Final

from plans.catalogue.entries import CatalogueEntry
from plans.catalogue.prices import in_all_currencies, tier
from plans.charges import Charge, Price
from plans.documents import Feature, PlanDocument

__all__ = ("ADDONS",)


def _addon(key: str, name: str, rank: int, feature: str, charge: Charge) -> CatalogueEntry:
    document = PlanDocument(charges=(charge,), features={feature: Feature()})
    return CatalogueEntry(key=key, family_key="add-ons", name=name, kind="addon", rank=rank, document=document)


def _fee(name: str, amount: str) -> Charge:
    return Charge(key="fee", name=name, model="flat", prices=in_all_currencies(Price(amount=Decimal(amount))))


ADDONS: Final[tuple[CatalogueEntry, ...]] = (
    _addon("compliance", "Compliance pack", 1, "compliance_tracking", _fee("Compliance pack", "400")),
    # The item's quantity is the number of audiences.
    _addon("extended-enterprise", "Extended enterprise", 2, "extended_enterprise", _fee("Audiences", "150")),
    _addon(
        "branded-app",
        "Branded app",
        3,
        "branded_app",
        Charge(
            key="members",
            name="Branded app by registered members",
            model="stairstep",
            meter="members.registered.average",
            prices=in_all_currencies(
                Price(
                    tiers=(
                        tier(500, flat="99"),
                        tier(5_000, flat="249"),
                        tier(50_000, flat="499"),
                        tier(None, flat="899"),
                    )
                )
            ),
        ),
    ),
    _addon(
        "virtual-classroom",
        "Virtual classroom",
        4,
        "virtual_classroom",
        Charge(
            key="hours",
            name="Seat-hours in packages of 100",
            model="package",
            meter="class.hours",
            prices=in_all_currencies(Price(size=Decimal(100), amount=Decimal(120))),
        ),
    ),
    _addon(
        "content-library",
        "Content library",
        5,
        "content_library",
        Charge(
            key="revenue_share",
            name="Share of course revenue",
            model="percentage",
            meter="courses.revenue",
            prices=in_all_currencies(Price(percent=Decimal("7.5"), minimum=Decimal(50))),
        ),
    ),
    # The catalogue names it without a price; 60 a month is this file's choice.
    _addon("offline-borrow", "Offline borrow", 6, "offline_borrow", _fee("Offline borrow", "60")),
)
