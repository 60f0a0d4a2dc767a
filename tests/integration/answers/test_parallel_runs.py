"""Another system's bills beside ours: every difference has a cause, and the causes add up."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing.answers.actions.answer_question import work_out
from billing.answers.progress import UNWATCHED
from billing.answers.questions import BilledLine, ParallelQuestion, PlanWish
from billing.answers.tasks import answer_questions
from core.scope import VENDOR_ID, TenantScope
from plans.actions.publish_version import publish_version
from plans.actions.save_draft import DraftInput, PlanIdentity, save_draft
from plans.catalogue.suite import POLICIES
from plans.documents import PlanDocument
from plans.terms import CreditBlock
from tests.builders.bill import ACTIVE, CURRENCIES, FEE, SEATS, STARTS, Books
from tests.builders.world import ACTOR, LONG_AGO, bearer
from tests.integration.answers.test_simulation import history

QUARTER = {"starts_on": "2026-08-01", "ends_on": "2026-11-01"}


@pytest.fixture
def books(db, world) -> Books:
    books = Books(db, world, now=datetime(2026, 11, 20, 9, tzinfo=UTC))
    books.plan("small", FEE, ACTIVE, STARTS, SEATS)
    return books


@pytest.fixture
def acme(books, world):
    tenant = world.tenant(time_zone="UTC")
    for month in ("08", "09", "10"):
        # Known when the month was billed: ann and bob are active, cid only logs in.
        at = datetime.fromisoformat(f"2026-{month}-28T00:00:00+00:00")
        books.send(tenant, *books.active(f"2026-{month}-05", "ann", "bob"), now=at)
        login = books.event("session.started", "cid", f"2026-{month}-06", session_id=month)
        books.send(tenant, login, now=at)
    # Dan's September was told in November.
    books.send(tenant, *books.active("2026-09-05", "dan"))
    return tenant


@pytest.fixture
def compared(client, world, db):
    key = world.key("vendor_sales")

    def compare(csv: str, **changes: object):
        body = QUARTER | {"tenant": "acme", "plan": {"plan": "small"}, "csv": csv} | changes
        queued = client.post("/v1/parallel-runs", json=body, headers=bearer(key))
        if queued.status_code != 202:
            return queued.json()
        answer_questions(db)
        answer = client.get(f"/v1/answers/{queued.json()['id']}", headers=bearer(key)).json()
        assert (answer["status"], answer["steps_done"]) == ("done", answer["steps_total"]), answer
        return answer["result"]

    return compare


def causes(result, first_day: str, key: str) -> list[tuple[str, str, str]]:
    [line] = [one for one in result["lines"] if (one["first_day"], one["charge_key"]) == (first_day, key)]
    return [(one["cause"], one["detail"], one["difference"]["amount"]) for one in line["causes"]]


def test_each_difference_is_told_by_its_cause_and_they_add_up(compared, acme):
    # Ours: the fee of 100.00, and 4.20 each for ann and bob, in September for dan too.
    result = compared(
        "month;line;units;net;cur\n"
        "2026-08;fee;1;100.00;EUR\n"
        "2026-08;Active users;3;12.60;EUR\n"  # who logs in makes active there: cid
        "2026-09;fee;1;95.00;EUR\n"
        "2026-09;Active users;2;8.40;EUR\n"  # dan came late
        "2026-10;fee;1;100.00;EUR\n"
        "2026-10;Active users;1;4.21;EUR\n"  # nobody knows why bob is not there; and a cent
        "2026-10;Set-up;1;50.00;EUR\n",
        columns={"period": "month", "charge": "line", "quantity": "units", "amount": "net", "currency": "cur"},
        charges={"Active users": "active"},
    )

    assert causes(result, "2026-08-01", "active") == [("definition", "session.started makes active", "-4.20")]
    assert causes(result, "2026-09-01", "fee") == [("price", "", "5.00")]
    assert causes(result, "2026-09-01", "active") == [("late_fact", "", "4.20")]
    assert causes(result, "2026-10-01", "active") == [("missing_event", "", "4.20"), ("rounding", "", "-0.01")]
    assert causes(result, "2026-10-01", "Set-up") == [("not_here", "", "-50.00")]
    assert causes(result, "2026-10-01", "fee") == []
    assert (result["ours"]["amount"], result["theirs"]["amount"]) == ("329.40", "370.21")
    assert result["difference"]["amount"] == "-40.81"
    assert sum(Decimal(amount["amount"]) for _, amount in result["causes"]) == Decimal("-40.81")


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ("2026-13,fee,1,1.00,EUR", "Row 3, column period: '2026-13' is no month (2026-01) and no day (2026-01-31)."),
        ("2026-08,,1,1.00,EUR", "Row 3, column charge: It is empty; name the line."),
        ("2026-08,fee,one,1.00,EUR", "Row 3, column quantity: 'one' is no number; write 1234.56."),
        ("2026-08,fee,1,1.005,EUR", "Row 3, column amount: '1.005' has more decimals than EUR has."),
        ("2026-08,fee,1,1.00,USD", "Row 3, column currency: 'USD' is not EUR, the currency of this comparison."),
        ("2026-07,fee,1,1.00,EUR", "Line 2 (row 3 of a file) is of 2026-07-01: not among the days asked about."),
    ],
)
def test_a_fault_of_the_file_names_its_row_and_column(compared, acme, row, detail):
    refused = compared(f"period,charge,quantity,amount,currency\n2026-08,fee,1,100.00,EUR\n{row}\n")

    assert [error["detail"] for error in refused["errors"]] == [detail]


def test_a_file_without_a_column_is_refused(compared, acme):
    refused = compared("period,charge,quantity,amount\n2026-08,fee,1,100.00\n")

    assert refused["errors"][0]["code"] == "column_missing"


def test_what_credits_pay_is_no_difference_in_price(compared, books, world):
    gift = CreditBlock(key="gift", name="Gift", amounts=dict.fromkeys(CURRENCIES, Decimal(5)))
    document = PlanDocument(charges=(ACTIVE,), policies=POLICIES, credits=(gift,))
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        save_draft(session, DraftInput("gifted", document, PlanIdentity("gifted", "tests", "base", 1), ACTOR), LONG_AGO)
        publish_version(session, "gifted", ACTOR, LONG_AGO)
    tenant = world.tenant(time_zone="UTC")
    books.send(tenant, *books.active("2026-08-05", "ann", "bob"))

    result = compared("period,charge,quantity,amount,currency\n2026-08,active,2,8.40,EUR\n", plan={"plan": "gifted"})

    assert causes(result, "2026-08-01", "active") == []
    assert result["difference"]["amount"] == "0.00"


def test_whatever_they_billed_the_causes_add_up(books, world):
    numbers = count(1)
    lines = st.builds(
        BilledLine,
        period=st.sampled_from([date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 31)]),
        charge=st.sampled_from(["fee", "active", "starts", "seats", "other"]),
        quantity=st.decimals(0, 9, places=1),
        amount=st.decimals(-20, 200, places=2),
    )
    tenant = world.tenant(f"t{next(numbers)}")
    books.send(tenant, *history(books))

    @settings(max_examples=15, phases=[Phase.generate], deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(lines, min_size=1, max_size=8))
    def law(lines: list[BilledLine]) -> None:
        question = ParallelQuestion(
            tenant=tenant.slug, plan=PlanWish(plan="small"), starts_on=date(2026, 8, 1), ends_on=date(2026, 11, 1),
            lines=tuple(lines),
        )  # fmt: skip
        result = work_out(books.db, question, UNWATCHED)
        told = [
            (Decimal(line.difference.amount), [Decimal(c.difference.amount) for c in line.causes])
            for line in result.lines
        ]
        assert all(difference == sum(parts) for difference, parts in told)
        assert sum(line.amount for line in lines) == Decimal(result.theirs.amount)
        whole = Decimal(result.ours.amount) - Decimal(result.theirs.amount)
        assert whole == Decimal(result.difference.amount)
        assert whole == sum(Decimal(amount.amount) for _, amount in result.causes)

    law()
