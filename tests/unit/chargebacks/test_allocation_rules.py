"""How rules are read, refused and said in plain words."""

from fractions import Fraction

import pytest

from billing.chargebacks.allocation import METHODS, RuleDocument, faults, read_rules, sentence
from billing.chargebacks.errors import SharesNotOne, refuse_input
from core.errors import InvalidInput
from tests.unit.chargebacks.lines import DIRECT, rules

CENTRES = frozenset({"A", "B"})
METERS = frozenset({"members.active"})


def found_faults(*documents):
    return [(fault.pointer, fault.code) for fault in faults(rules(*documents), CENTRES, METERS)]


def fixed(**shares):
    return {"method": "fixed_share", "params": {"shares": shares}}


def test_shares_that_do_not_sum_to_one_are_refused():
    # Three times 0.333 is 0.999: thirds are written as fractions.
    assert found_faults(fixed(A="0.5", B="0.4")) == [("/rules/0/params/shares", "shares_not_one")]
    assert found_faults(fixed(**{"A": "1/3", "B": "1/3", "~sponsor": "1/3"})) == []


def test_what_does_not_exist_is_refused_by_name():
    assert found_faults(fixed(A="0.5", C="0.5")) == [("/rules/0/params", "cost_centre_unknown")]
    assert found_faults({"method": "driver", "params": {"meters": {"likes": "1"}}}) == [
        ("/rules/0/params", "meter_unknown")
    ]


def test_numbers_that_are_none_are_refused_by_pointer():
    assert found_faults(fixed(A="-1", B="2")) == [("/rules/0/params/shares/A", "share_invalid")]
    assert found_faults({"method": "driver", "params": {"meters": {"members.active": "1e9"}}}) == [
        ("/rules/0/params/meters/members.active", "weight_invalid")
    ]
    assert found_faults({"method": "driver", "params": {"meters": {}}}) == [
        ("/rules/0/params/meters", "driver_missing")
    ]


def test_keys_are_unique_and_every_rule_can_be_reached():
    headcount = {"method": "headcount"}
    assert found_faults({**DIRECT, "key": "x"}, {**headcount, "key": "x"}) == [("/rules/1/key", "rule_key_duplicate")]
    assert found_faults(headcount, DIRECT) == [("/rules/1", "rule_unreachable")]
    # Direct leaves lines without a meter, a share leaves the rest, a match leaves other lines.
    assert found_faults(DIRECT, headcount) == []
    assert found_faults({**headcount, "share": "0.9"}, DIRECT) == []
    assert found_faults({**headcount, "match": {"meter": ("x",)}}, DIRECT) == []


@pytest.mark.parametrize(
    ("document", "pointer", "code"),
    [
        ({"key": "a", "method": "magic"}, "/rules/0/method", "method_unknown"),
        ({"key": "~a", "method": "direct"}, "/rules/0/key", "rule_key_invalid"),
        ({"key": " ", "method": "direct"}, "/rules/0/key", "rule_key_invalid"),
        ({"key": "a", "method": "direct", "share": "0"}, "/rules/0/share", "share_invalid"),
        ({"key": "a", "method": "direct", "share": "1.01"}, "/rules/0/share", "share_invalid"),
        ({"key": "a", "method": "direct", "params": {"x": 1}}, "/rules/0/params", "params_invalid"),
        ({"key": "a", "method": "residual", "params": {"mode": "lose"}}, "/rules/0/params", "params_invalid"),
        ({"key": "a", "method": "fixed_share", "params": {"shares": {"A": 1.0}}}, "/rules/0/params", "params_invalid"),
    ],
)
def test_a_rule_that_cannot_be_read_says_where_and_why(document, pointer, code):
    read, errors = read_rules([RuleDocument(**document)])

    assert read == ()
    assert [(error.pointer, error.code) for error in errors] == [(pointer, code)]


def test_refusals_of_one_kind_carry_its_code():
    with pytest.raises(SharesNotOne) as refused:
        refuse_input(faults(rules(fixed(A="0.5", B="0.4")), CENTRES, METERS))
    assert refused.value.code == "shares_not_one"

    with pytest.raises(InvalidInput) as mixed:
        refuse_input(faults(rules(fixed(A="0.5", C="0.4")), CENTRES, METERS))
    assert mixed.value.code == "invalid_input"
    assert {error.code for error in mixed.value.errors} == {"shares_not_one", "cost_centre_unknown"}


def said(document):
    return " ".join(part.english() for part in sentence(rules(document)[0]))


def test_rules_say_what_they_do():
    assert said(DIRECT) == "All lines. Each line goes to the cost centres whose usage caused it."
    assert said({**fixed(A="1/3", B="2/3"), "share": "0.7", "match": {"meter": ("members",)}}) == (
        "Only lines that count members. Takes 70 % of what reaches it and leaves the rest to the next rules. "
        "Divided by fixed shares: B 2/3, A 1/3."
    )
    assert said({"method": "residual", "params": {"mode": "sponsor"}}) == (
        "All lines. What is left is paid by the sponsor."
    )


def test_every_method_has_a_sentence_and_a_document():
    least = {"fixed_share": {"shares": {"A": "1"}}, "driver": {"meters": {"members.active": "1"}}}
    for name in METHODS:
        assert said({"method": name, "params": least.get(name, {})})


def test_the_share_of_a_rule_is_exact():
    assert rules({**DIRECT, "share": "0.7"})[0].share == Fraction(7, 10)
