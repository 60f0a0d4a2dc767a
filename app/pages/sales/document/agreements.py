"""What a document agrees on beside its charges, as parts of the form: discounts, commitments, credits (pure)."""

from typing import Final

from app.i18n import gettext as _
from app.pages.sales.document.parts import Add, Asked, Choices, Part
from plans.documents import PlanDocument
from plans.terms import Commitment, CreditBlock, Discount

__all__ = ("agreement_parts",)

ALL: Final = 100


def agreement_parts(asked: Asked, document: PlanDocument, meters: Choices) -> tuple[Part, ...]:
    """Return the parts of the form, each with what it holds now and how one is added.

    Args:
        asked: makes the fields.
        document: what is shown.
        meters: what credits can be for, with names.
    """
    charges = [(charge.key, charge.name) for charge in document.charges]
    discounts = tuple(
        _discount(asked, one, f"/discounts/{place}", charges) for place, one in enumerate(document.discounts)
    )
    commitments = tuple(
        _commitment(asked, one, f"/commitments/{place}", charges) for place, one in enumerate(document.commitments)
    )
    credits_ = tuple(
        _credits(asked, one, f"/credits/{place}", charges, meters) for place, one in enumerate(document.credits)
    )
    return (
        _list("/discounts", _("Discounts"), discounts, _("Add a discount"), asked),
        _list("/commitments", _("Minimum commitments"), commitments, _("Add a minimum"), asked),
        _list("/credits", _("Prepaid credits"), credits_, _("Add credits"), asked),
    )


def _list(pointer: str, title: str, parts: tuple[Part, ...], add: str, asked: Asked) -> Part:
    return Part(pointer, title, (), asked.within(pointer), parts, (Add(pointer, add),))


def _removes(name: str) -> str:
    return _("Remove %(name)s") % {"name": name}


def _discount(asked: Asked, one: Discount, at: str, charges: Choices) -> Part:
    fields = (
        asked.text(f"{at}/name", _("Name"), one.name),
        asked.text(f"{at}/key", _("Key"), one.key),
        asked.figure(f"{at}/percent", _("Per cent"), one.percent),
        asked.money(f"{at}/amounts", _("or an amount"), one.amounts),
        asked.figure(f"{at}/periods", _("Only in the first periods"), one.periods),
        asked.boxes(f"{at}/charges", _("Only of (none: the whole bill)"), one.charges, charges),
    )
    return Part(at, one.name, fields, asked.within(at), removes=_removes(one.name))


def _commitment(asked: Asked, one: Commitment, at: str, charges: Choices) -> Part:
    ends = [("", _("the part that ran")), ("due", _("all of it"))]
    fields = (
        asked.text(f"{at}/name", _("Name"), one.name),
        asked.text(f"{at}/key", _("Key"), one.key),
        asked.money(f"{at}/amounts", _("At least"), one.amounts),
        asked.figure(f"{at}/months", _("In a term of months (none: each period)"), one.months),
        asked.text(f"{at}/early_end", _("If it ends early"), "due" if one.early_end == "due" else "", ends),
        asked.boxes(f"{at}/charges", _("What counts (none: everything billed)"), one.charges, charges),
    )
    return Part(at, one.name, fields, asked.within(at), removes=_removes(one.name))


def _credits(asked: Asked, one: CreditBlock, at: str, charges: Choices, meters: Choices) -> Part:
    fields = (
        asked.text(f"{at}/name", _("Name"), one.name),
        asked.text(f"{at}/key", _("Key"), one.key),
        asked.money(f"{at}/amounts", _("A block pays for"), one.amounts),
        asked.money(f"{at}/prices", _("and costs (none: it comes along)"), one.prices),
        asked.figure(f"{at}/months", _("A block every so many months (none: one)"), one.months),
        asked.figure(f"{at}/expires_months", _("Expires after months"), one.expires_months),
        asked.figure(f"{at}/rollover_months", _("What is left goes on for months"), one.rollover_months),
        asked.figure(
            f"{at}/rollover_percent",
            _("but at most, per cent of the block"),
            None if one.rollover_percent == ALL else one.rollover_percent,
        ),
        asked.figure(f"{at}/priority", _("Order (lower goes first)"), one.priority),
        asked.yes(
            f"{at}/refundable", _("Paid, not used"), one.refundable, (_("is not given back"), _("can be given back"))
        ),
        asked.boxes(f"{at}/charges", _("Pays only (none of both: everything)"), one.charges, charges),
        asked.boxes(f"{at}/meters", _("or what is counted by"), one.meters, meters),
    )
    return Part(at, one.name, fields, asked.within(at), removes=_removes(one.name))
