"""Mails reach a real SMTP server: after the commit, once more after a failure, given up, sent again; nothing without one."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from litestar import Litestar
from litestar.testing import TestClient

from app.mails import compose, over
from core.clock import utc_now
from core.db import Database
from core.scope import StewardScope, TenantScope
from tenants.actions.deactivate_person import deactivate_person
from tenants.mails import tasks
from tenants.mails.actions.forget_mails import forget_mails
from tenants.mails.actions.put_mail import TEST, MailInput, put_mail
from tenants.reads import TenantView
from tests.builders.world import ACTOR, World, bearer

MAILS = "/v1/mails"


@dataclass
class Office:
    """A mail server, and what came in."""

    answers: list[str] = field(default_factory=list)
    """What it says to messages, one after the other; then it takes them."""
    came: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers and not (answer := self.answers.pop(0)).startswith("250"):
            return answer
        assert isinstance(envelope.content, bytes)
        self.came.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


class Somewhere(Controller):
    """A server on whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    known = Office()
    controller = Somewhere(known, hostname="127.0.0.1", port=0)
    controller.start()
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setenv("MAIL_FROM", "Tollbook <billing@vendor.example>")
    yield known
    controller.stop()


@dataclass
class Customer:
    client: TestClient[Litestar]
    world: World
    tenant: TenantView
    key: str
    monkeypatch: pytest.MonkeyPatch

    def call(self, method: str, path: str = "", body: Any = None, **query: str) -> Any:
        return self.client.request(method, f"{MAILS}{path}", headers=bearer(self.key), json=body, params=query)

    def test(self, to: str = "ops@acme.example") -> dict[str, Any]:
        answer = self.call("POST", "/test", {"to": to})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def send(self, later: timedelta = timedelta(0)) -> int:
        self.monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + later)
        return tasks.send_mails(compose, over, self.world.db)

    def page(self) -> str:
        """Return the page of mails, as an administrator in the browser reads it."""
        form = {"email": "tenant_admin@acme.example", "password": "correct horse battery"}
        self.client.post("/sign-in", data=form, headers={"accept": "text/html"})
        answer = self.client.get("/admin/acme/mails", headers={"accept": "text/html"})
        assert answer.status_code == 200
        return answer.text

    def one(self, mail: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/{mail['id']}").json()
        return found


@pytest.fixture
def customer(client: TestClient[Litestar], world: World, monkeypatch: pytest.MonkeyPatch) -> Customer:
    acme = world.tenant()
    return Customer(client, world, acme, world.key("tenant_admin", acme), monkeypatch)


def test_a_mail_is_sent_once_as_plain_text_and_html(customer: Customer, office: Office) -> None:
    mail = customer.test()

    assert (customer.send(), customer.send()) == (1, 0)

    (came,) = office.came
    assert (came["To"], came["From"]) == ("ops@acme.example", "Tollbook <billing@vendor.example>")
    assert came["Message-ID"] == f"<{mail['id']}@vendor.example>"
    assert "nothing to do" in came.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "<p>If you can read this" in came.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert (customer.one(mail)["status"], customer.one(mail)["attempts"]) == ("sent", 1)


def test_nothing_is_sent_of_what_was_rolled_back(customer: Customer, office: Office, db: Database) -> None:
    with contextlib.suppress(RuntimeError), db.begin(TenantScope(customer.tenant.id)) as session:
        put_mail(session, customer.tenant.id, MailInput(TEST, {}, "", address="a@b.example"), utc_now())
        raise RuntimeError

    assert customer.send() == 0


def test_when_the_time_is_up_the_rest_is_left_as_nobody_had_taken_it(customer: Customer, office: Office) -> None:
    first, second = customer.test("one@acme.example"), customer.test("two@acme.example")

    assert tasks.send_mails(compose, over, customer.world.db, budget_s=0) == 1

    left = customer.one(second)
    assert (customer.one(first)["status"], left["status"], left["attempts"]) == ("sent", "due", 0)
    assert customer.send() == 1


def test_many_mails_of_one_customer_keep_no_other_waiting(customer: Customer, office: Office) -> None:
    for _ in range(tasks.AT_ONCE + 1):
        customer.test("many@acme.example")
    beta = customer.world.tenant("beta")
    with customer.world.db.begin(TenantScope(beta.id)) as session:
        put_mail(session, beta.id, MailInput(TEST, {}, "", address="few@beta.example"), utc_now())

    customer.send()

    # Acme waits longest, so that it begins; after a turn of 20 it is beta's.
    assert [one["To"] for one in office.came].index("few@beta.example") == tasks.AT_ONCE


def test_without_a_server_mails_wait_and_the_page_says_what_to_set(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMTP_URL", raising=False)
    mail = customer.test()

    assert customer.send() == 0

    assert (customer.one(mail)["status"], customer.one(mail)["attempts"]) == ("due", 0)


def test_failures_come_again_with_back_off_are_given_up_and_can_be_sent_again(
    customer: Customer, office: Office
) -> None:
    mail = customer.test()
    office.answers = ["451 later"] * (len(tasks.BACK_OFF) + 1)
    late = timedelta(0)

    assert customer.send() == 0
    for wait in tasks.BACK_OFF:
        before = customer.one(mail)["attempts"]
        customer.send(late + wait - timedelta(seconds=10))  # not before its time
        assert customer.one(mail)["attempts"] == before
        late += wait + timedelta(seconds=10)
        customer.send(late)

    (dead,) = customer.call("GET", status="dead").json()["items"]
    assert customer.call("GET", status="gone").status_code == 400, "a filter nobody knows is told, not an empty list"
    assert (dead["attempts"], dead["error"]) == (8, "451 later")
    assert "Send again what was given up" in customer.page()
    assert customer.call("POST", "/replay").json() == {"due": 1}
    assert "Send again what was given up" not in customer.page(), "there is nothing any more"
    assert customer.send(late) == 1
    assert office.came[0]["Message-ID"].startswith(f"<{mail['id']}@")


def test_what_a_server_refuses_for_good_is_not_tried_again_and_others_are_sent(
    customer: Customer, office: Office
) -> None:
    refused, taken = customer.test("nobody@acme.example"), customer.test()
    office.answers = ["550 no such user"]

    assert customer.send() == 1

    assert (customer.one(refused)["status"], customer.one(refused)["error"]) == ("dead", "550 no such user")
    assert customer.one(taken)["status"] == "sent"


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.8 Sender address rejected",
        "530 5.7.0 Authentication required",
        "554 5.7.1 <x@acme.example>: Relay access denied",
    ],
)
def test_a_fault_of_the_sender_gives_up_no_mail_and_stands_on_the_page(
    customer: Customer, office: Office, answer: str
) -> None:
    mail = customer.test()
    office.answers = [answer]

    assert customer.send() == 0
    failed = customer.one(mail)
    customer.client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    page = customer.client.get("/admin/acme/mails").text

    assert (failed["status"], answer in failed["error"]) == ("due", True)
    assert "Whoever runs Tollbook has to mend the settings" in page
    assert customer.send(timedelta(minutes=1)) == 1
    assert "mend the settings" not in customer.client.get("/admin/acme/mails").text


def test_a_sender_that_is_refused_by_name_is_told_apart_from_a_recipient(customer: Customer, office: Office) -> None:
    async def refuse(_server: object, _session: object, _envelope: object, _address: str, _options: object) -> str:
        return "553 no such sender here"

    mail = customer.test()
    office.handle_MAIL = refuse  # type: ignore[attr-defined]

    assert customer.send() == 0
    assert (customer.one(mail)["status"], "MAIL_FROM" in customer.one(mail)["error"]) == ("due", True)


def test_a_person_s_address_is_looked_up_when_it_is_sent(customer: Customer, office: Office, db: Database) -> None:
    people = customer.world.people(customer.tenant, "ann", email="ann@acme.example") | customer.world.people(
        customer.tenant, "bob"
    )
    with db.begin(TenantScope(customer.tenant.id)) as session:
        for who in ("ann", "bob"):
            put_mail(session, customer.tenant.id, MailInput(TEST, {}, "de", person_id=people[who]), utc_now())
        deactivate_person(session, customer.tenant.id, people["ann"], utc_now(), ACTOR, utc_now())

    assert customer.send() == 1

    assert [one["To"] for one in office.came] == ["ann@acme.example"]
    (dead,) = customer.call("GET", status="dead").json()["items"]
    assert dead["error"].startswith("There is no address.")


def test_a_worker_that_dies_over_a_mail_delays_it_only(
    customer: Customer, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.test()
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "deliver", lambda _server, _messages: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            customer.send()

    assert customer.send() == 0
    assert customer.send(tasks.CLAIM + timedelta(seconds=1)) == 1


def test_wrong_addresses_are_refused_and_other_customers_see_nothing(customer: Customer, office: Office) -> None:
    mail = customer.test()
    wrong = customer.call("POST", "/test", {"to": "a@b.example\r\nBcc: c@d.example"})
    other = bearer(customer.world.key("tenant_admin", customer.world.tenant("beta")))
    reader = bearer(customer.world.key("tenant_auditor", customer.tenant))

    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "address_invalid")
    assert customer.client.get(f"{MAILS}/{mail['id']}", headers=other).status_code == 404
    assert customer.client.post(f"{MAILS}/{mail['id']}/replay", headers=other).status_code == 404
    assert customer.client.get(MAILS, headers=other).json()["items"] == []
    assert customer.client.get(MAILS, headers=reader).status_code == 403


def test_what_was_sent_is_forgotten_after_its_time_and_what_waits_is_kept(
    customer: Customer, office: Office, db: Database
) -> None:
    customer.test()
    customer.send()
    waits = customer.test()

    with db.begin(StewardScope()) as session:
        forget_mails(session, utc_now() + timedelta(days=1))

    assert [one["id"] for one in customer.call("GET").json()["items"]] == [waits["id"]]


def test_one_who_has_no_usable_address_keeps_no_other_mail_waiting(
    customer: Customer, office: Office, db: Database
) -> None:
    tenant_id = customer.tenant.id
    wrong = ("ann@acme.example\nBcc: eve@evil.example", "ann@acme.example, eve@evil.example", "nobody")
    for index, email in enumerate(wrong):
        person = customer.world.people(customer.tenant, f"p{index}", email=email)[f"p{index}"]
        with db.begin(TenantScope(tenant_id)) as session:
            put_mail(session, tenant_id, MailInput(TEST, {}, "", person_id=person), utc_now())
    with db.begin(TenantScope(tenant_id)) as session:
        # An alert without its figures: no text can be made of it.
        put_mail(session, tenant_id, MailInput("alert.fired", {}, "", address="a@b.example"), utc_now())
    good = customer.test()

    assert customer.send() == 1

    assert customer.one(good)["status"] == "sent"
    others = [one for one in customer.call("GET").json()["items"] if one["id"] != good["id"]]
    assert sorted((one["status"], one["error"][:15]) for one in others) == [
        ("dead", "'ann@acme.examp"), ("dead", "'ann@acme.examp"), ("dead", "'nobody' is no "), ("due", "The text could "),
    ]  # fmt: skip
    assert [came["To"] for came in office.came] == ["ops@acme.example"]
    page = customer.page()
    assert "No text can be made of this mail (alert.fired): something that it tells is missing." in page
    assert "A mail from Tollbook, to try it" in page, "the others are shown as ever"


def test_an_invitation_that_is_withdrawn_meanwhile_is_not_sent(customer: Customer, office: Office) -> None:
    customer.world.people(customer.tenant, "ann", email="ann@acme.example")
    customer.world.people(customer.tenant, "bob", email="bob@acme.example")

    def api(method: str, path: str, body: Any = None) -> Any:
        answer = customer.client.request(method, f"/v1{path}", headers=bearer(customer.key), json=body)
        assert answer.status_code in (201, 204), answer.text
        return answer.json() if answer.content else None

    api("POST", "/seat-pools", {"key": "authors", "name": "Authors", "seats": 3})
    invited = "/seat-pools/authors/invitations"
    first, _second = (api("POST", invited, {"person": who, "days": 7, "mail": True}) for who in ("ann", "bob"))
    api("DELETE", f"/seat-invitations/{first['id']}")

    assert customer.send() == 1

    assert [came["To"] for came in office.came] == ["bob@acme.example"]
    (dropped,) = customer.call("GET", status="dead").json()["items"]
    assert (dropped["to"], dropped["error"]) == (
        "ann@acme.example", "The invitation is withdrawn, so that no mail is sent.",
    )  # fmt: skip
