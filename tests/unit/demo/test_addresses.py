"""The addresses of the demo's companies, as documents print them."""

import pytest

from app.demo.customers import CUSTOMERS, ENTITIES
from app.demo.specs import CustomerSpec, EntitySpec
from billing.documents.words import Words


@pytest.mark.parametrize("company", [*CUSTOMERS, *ENTITIES], ids=lambda one: one.name)
def test_an_address_ends_with_its_town_since_documents_add_the_country(company: CustomerSpec | EntitySpec) -> None:
    last = company.address.splitlines()[-1]

    assert any(sign.isdigit() for sign in last), f"{last} names no postal code"
    assert Words().country(company.country) not in company.address
