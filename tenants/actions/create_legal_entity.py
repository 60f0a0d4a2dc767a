"""Set up a company of the vendor that issues invoices."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.ids import new_id
from core.money import exponent
from tenants.errors import KeyInUse
from tenants.models import LegalEntity
from tenants.reads import LegalEntityView, get_legal_entity
from tenants.store import add

__all__ = ("LegalEntityInput", "create_legal_entity")


@dataclass(frozen=True, slots=True)
class LegalEntityInput:
    """What stands on the head of its invoices."""

    key: str
    name: str
    address: str
    country: str
    tax_id: str
    base_currency: str
    number_prefix: str
    iban: str = ""


def create_legal_entity(session: Session, entity: LegalEntityInput) -> LegalEntityView:
    """Create a legal entity.

    Raises:
        UnknownCurrency: its base currency is not an ISO 4217 code (`currency_unknown`).
        KeyInUse: the key is taken (`key_in_use`).
    """
    exponent(entity.base_currency)
    entity_id = new_id()
    fields = {name: getattr(entity, name) for name in LegalEntityInput.__slots__}
    try:
        with session.begin_nested():
            add(session, LegalEntity(id=entity_id, **fields))
    except IntegrityError as error:
        raise KeyInUse("legal entity", entity.key) from error
    return get_legal_entity(session, entity_id)
