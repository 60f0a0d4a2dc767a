"""A quote's document says why it has no tax, as the invoices will."""

import pytest

from tests.builders.quote import offer


@pytest.fixture
def acme(world, treatment):
    return world.tenant(time_zone="UTC", tax_treatment=treatment)


@pytest.mark.parametrize(
    ("treatment", "tax", "said"),
    [
        ("exempt", "E", ["E: Exempt from tax."]),
        (
            "reverse_charge",
            "AE",
            ["AE: Reverse charge: the recipient accounts for the VAT (Art. 196 of Directive 2006/112/EC)."],
        ),
        ("standard", "19 %", []),
    ],
)
def test_a_quote_without_tax_says_why(quote, document, treatment, tax, said):
    content = document(quote(offer()))

    assert {line["tax"] for line in content["lines"]} == {tax}
    assert content["notes"][2:] == said
