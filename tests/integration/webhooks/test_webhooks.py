"""What happens is told to a real receiver: signed, once more after a failure, given up, replayed; nothing twice or never."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from standardwebhooks import Webhook, WebhookVerificationError

from app.jobs import TOLD_LIFE
from core.clock import utc_now
from core.db import Database
from core.outbox import forget_told, put
from core.scope import StewardScope, TenantScope
from core.settings import load_webhook_networks, secret_key
from tenants.actions.deactivate_person import deactivate_person
from tenants.calling import Answer
from tenants.reads import TenantView
from tenants.webhooks import tasks
from tenants.webhooks.actions.reseal_secrets import reseal_secrets
from tenants.webhooks.store import set_endpoint
from tests.builders.world import ACTOR, World, bearer

HOOKS = "/v1/webhooks"


@dataclass
class Receiver:
    """A web server of a customer's, and what came in."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses to answer, one after the other; then 204."""
    came: list[tuple[dict[str, str], bytes, str]] = field(default_factory=list)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    known = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            known.came.append(({key.lower(): value for key, value in self.headers.items()}, body, self.path))
            self.send_response(known.answers.pop(0) if known.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("WEBHOOK_NETWORKS", "127.0.0.0/8")
    load_webhook_networks.cache_clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        known.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield known
        server.shutdown()
    load_webhook_networks.cache_clear()


@dataclass
class Customer:
    client: TestClient[Litestar]
    world: World
    tenant: TenantView
    key: str
    monkeypatch: pytest.MonkeyPatch

    def call(self, method: str, path: str = "", body: Any = None) -> Any:
        return self.client.request(method, f"{HOOKS}{path}", headers=bearer(self.key), json=body)

    def endpoint(self, url: str, *types: str) -> dict[str, Any]:
        answer = self.call("POST", "", {"url": url, "event_types": list(types)})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def leave(self, who: str) -> None:
        person = self.world.people(self.tenant, who)[who]
        with self.world.db.begin(TenantScope(self.tenant.id)) as session:
            deactivate_person(session, self.tenant.id, person, utc_now(), ACTOR, utc_now())

    def send(self, later: timedelta = timedelta(0)) -> int:
        self.monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + later)
        return tasks.send_webhooks(self.world.db)

    def log(self, endpoint: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        answer = self.client.get(f"{HOOKS}/{endpoint['id']}/deliveries", headers=bearer(self.key), params=query)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
def customer(client: TestClient[Litestar], world: World, monkeypatch: pytest.MonkeyPatch) -> Customer:
    acme = world.tenant()
    return Customer(client, world, acme, world.key("tenant_admin", acme), monkeypatch)


def test_what_happens_is_told_once_signed_and_without_personal_data(customer: Customer, receiver: Receiver) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    customer.leave("ann")
    assert customer.call("DELETE", f"/{customer.endpoint(receiver.url, 'key.revoked')['id']}").status_code == 204

    assert customer.send() == 1
    assert customer.send() == 0

    ((headers, body, path),) = receiver.came
    told = Webhook(hook["secret"]).verify(body, headers)
    assert (told["type"], told["data"]["object"]["type"], path) == ("person.deactivated", "person", "/hook")
    assert b"ann" not in body
    (line,) = customer.log(hook)
    assert (line["status"], line["attempts"], line["answer_status"]) == ("delivered", 1, 204)
    assert line["event_id"] == headers["webhook-id"]
    assert (
        "secret" not in customer.call("GET", f"/{hook['id']}").json()
        or not customer.call("GET", f"/{hook['id']}").json()["secret"]
    )


def test_an_endpoint_is_told_nothing_older_and_all_since_at_once(customer: Customer, receiver: Receiver) -> None:
    customer.leave("old")
    hook = customer.endpoint(receiver.url, "person.deactivated")
    for number in range(5):
        customer.leave(f"p-{number}")
    customer.monkeypatch.setattr(tasks, "HANDED_OUT", 2)

    assert (customer.send(), customer.send()) == (5, 0)
    assert [line["status"] for line in customer.log(hook)] == ["delivered"] * 5


def test_the_trail_keeps_no_token_of_an_address(customer: Customer, receiver: Receiver) -> None:
    secret = f"{receiver.url}?token=s3cret"
    hook = customer.endpoint(secret)
    customer.call("PUT", f"/{hook['id']}", {"url": secret})
    customer.call("DELETE", f"/{hook['id']}")

    trail = customer.client.get("/v1/audit", headers=bearer(customer.key)).json()["items"]
    told = [line["detail"]["url"] for line in trail if line["action"].endswith("_webhook")]
    assert told == [receiver.url] * 3


def test_nothing_is_told_of_what_was_rolled_back(customer: Customer, receiver: Receiver, db: Database) -> None:
    customer.endpoint(receiver.url)
    with contextlib.suppress(RuntimeError), db.begin(TenantScope(customer.tenant.id)) as session:
        put(session, customer.tenant.id, "invoice.finalised", {}, utc_now())
        raise RuntimeError

    assert customer.send() == 0


def test_failures_come_again_with_back_off_and_are_given_up_after_the_last(
    customer: Customer, receiver: Receiver
) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    customer.leave("ann")
    receiver.answers = [500, 302] + [503] * 8
    late = timedelta(0)

    made = [customer.send()]
    for number, wait in enumerate(tasks.BACK_OFF):
        if number == 1:
            assert customer.log(hook)[0]["error"] == "A redirect is not followed. It leads to /elsewhere."
        assert customer.send(late + wait - timedelta(seconds=2)) == 0  # not before its time
        late += wait + timedelta(seconds=10)
        made.append(customer.send(late))

    assert made == [1] * 10
    assert {path for _, _, path in receiver.came} == {"/hook"}  # the redirect was not followed
    assert len({headers["webhook-id"] for headers, _, _ in receiver.came}) == 1
    (dead,) = customer.log(hook, status="dead")
    assert (dead["attempts"], dead["answer_status"]) == (10, 503)
    assert customer.send(late + timedelta(days=9)) == 0

    assert customer.call("POST", f"/{hook['id']}/replay").json() == {"due": 1}
    assert customer.send(late) == 1
    assert [line["status"] for line in customer.log(hook)] == ["delivered"]


def test_a_delivered_event_can_be_replayed_under_its_id(customer: Customer, receiver: Receiver) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    customer.leave("ann")
    customer.send()
    event = customer.log(hook)[0]["event_id"]

    assert customer.call("POST", f"/{hook['id']}/deliveries/{event}/replay").json() == {"due": 1}
    customer.send()

    assert [headers["webhook-id"] for headers, _, _ in receiver.came] == [event, event]


def test_the_test_goes_to_one_endpoint_alone_whatever_it_wants(customer: Customer, receiver: Receiver) -> None:
    hook = customer.endpoint(receiver.url, "invoice.voided")
    customer.endpoint(receiver.url)

    answer = customer.call("POST", f"/{hook['id']}/test").json()
    customer.send()

    assert (answer["event_type"], answer["status"]) == ("webhook.test", "due")
    assert len(receiver.came) == 1


def test_who_answers_gone_is_told_nothing_more(customer: Customer, receiver: Receiver) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    receiver.answers = [410]
    customer.leave("ann")
    customer.send()
    customer.leave("bob")
    customer.send()

    assert len(receiver.came) == 1
    assert customer.call("GET", f"/{hook['id']}").json()["enabled"] is False
    trail = customer.client.get("/v1/audit", headers=bearer(customer.key)).json()["items"]
    (stopped,) = [one for one in trail if one["action"] == "stop_webhook"]
    assert (stopped["actor"], stopped["detail"]) == ("system:webhooks", {"url": receiver.url, "answered": 410})
    body = {"url": receiver.url, "event_types": ["person.deactivated"], "enabled": True}
    assert customer.call("PUT", f"/{hook['id']}", body).json()["enabled"] is True
    customer.leave("eve")
    customer.send()
    assert len(receiver.came) == 2


def test_an_address_that_does_not_answer_is_noted_with_its_reason(customer: Customer, receiver: Receiver) -> None:
    hook = customer.endpoint("http://127.0.0.1:9/hook")
    customer.call("POST", f"/{hook['id']}/test")
    customer.send()

    (line,) = [one for one in customer.log(hook) if one["event_type"] == "webhook.test"]
    assert (line["status"], line["answer_status"]) == ("due", None)
    assert "refused" in line["error"].lower()
    assert receiver.came == []


def test_a_worker_that_dies_over_a_call_delays_it_only(
    customer: Customer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.endpoint(receiver.url, "person.deactivated")
    customer.leave("ann")
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "_post", lambda _letter: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            customer.send()

    assert customer.send() == 0
    assert customer.send(tasks.CLAIM + timedelta(seconds=1)) == 1


def test_wrong_endpoints_are_refused_and_other_customers_see_nothing(customer: Customer, receiver: Receiver) -> None:
    hook = customer.endpoint(receiver.url)
    private = customer.call("POST", "", {"url": "https://10.0.0.1/hook"})
    unknown = customer.call("POST", "", {"url": receiver.url, "event_types": ["invoice.eaten"]})
    other = bearer(customer.world.key("tenant_admin", customer.world.tenant("beta")))

    assert (private.status_code, private.json()["code"]) == (422, "webhook_address_forbidden")
    assert unknown.json()["errors"][0]["code"] == "event_type_unknown"
    for path in ("", "/deliveries"):
        assert customer.client.get(f"{HOOKS}/{hook['id']}{path}", headers=other).status_code == 404
    assert customer.client.get(HOOKS, headers=other).json()["items"] == []
    reader = bearer(customer.world.key("tenant_auditor", customer.tenant))
    assert customer.client.get(HOOKS, headers=reader).status_code == 403


def test_what_was_told_is_forgotten_after_its_time_and_what_was_not_is_kept(
    customer: Customer, receiver: Receiver, db: Database
) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    customer.leave("ann")
    customer.send()
    customer.leave("bob")  # nobody has taken it yet

    with db.begin(StewardScope()) as session:
        forget_told(session, utc_now() + TOLD_LIFE)

    assert customer.log(hook) == []
    assert customer.send() == 1


def test_secrets_move_to_a_new_key_of_the_service(
    customer: Customer, receiver: Receiver, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    monkeypatch.setenv("SECRET_KEY_BEFORE", secret_key())
    monkeypatch.setenv("SECRET_KEY", "another-" + "y" * 32)

    customer.leave("ann")
    customer.send()
    with db.begin(TenantScope(customer.tenant.id)) as session:
        assert reseal_secrets(session, customer.tenant.id, utc_now()) == 1
    monkeypatch.delenv("SECRET_KEY_BEFORE")
    customer.leave("bob")
    customer.send()

    assert len(receiver.came) == 2
    for headers, body, _ in receiver.came:
        Webhook(hook["secret"]).verify(body, headers)


def test_a_new_secret_signs_beside_the_old_one_for_a_while_also_what_is_tried_again(
    customer: Customer, receiver: Receiver, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    receiver.answers = [500]
    customer.leave("ann")
    customer.send()

    turned = customer.call("POST", f"/{hook['id']}/rotate", {"overlap_hours": 2}).json()
    customer.send(timedelta(seconds=10))
    # A new SECRET_KEY of the service moves both.
    monkeypatch.setenv("SECRET_KEY_BEFORE", secret_key())
    monkeypatch.setenv("SECRET_KEY", "another-" + "y" * 32)
    with db.begin(TenantScope(customer.tenant.id)) as session:
        reseal_secrets(session, customer.tenant.id, utc_now())
    monkeypatch.delenv("SECRET_KEY_BEFORE")
    customer.leave("bob")
    customer.send()
    customer.leave("eve")
    customer.send(timedelta(hours=3))

    first, again, beside, after = receiver.came
    for (headers, body, _), secrets in (
        (first, (hook,)), (again, (hook, turned)), (beside, (hook, turned)), (after, (turned,)),
    ):  # fmt: skip
        assert len(headers["webhook-signature"].split()) == len(secrets)
        for one in secrets:
            Webhook(one["secret"]).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(hook["secret"]).verify(after[1], after[0])
    assert customer.call("GET", f"/{hook['id']}").json()["secret"] is None
    # Where the old one became known to others it ends at once.
    assert customer.call("POST", f"/{hook['id']}/rotate", {"overlap_hours": 0}).json()["old_secret_until"] is None
    trail = customer.client.get("/v1/audit", headers=bearer(customer.key)).json()["items"]
    assert [one["detail"]["overlap_s"] for one in trail if one["action"] == "rotate_webhook_secret"] == [0, 7200]


def test_what_is_due_waits_while_an_endpoint_is_stopped(customer: Customer, receiver: Receiver) -> None:
    hook = customer.endpoint(receiver.url, "person.deactivated")
    receiver.answers = [500]
    customer.leave("ann")
    customer.send()
    stopped = {"url": receiver.url, "event_types": ["person.deactivated"], "enabled": False}
    customer.call("PUT", f"/{hook['id']}", stopped)

    assert customer.send(timedelta(minutes=1)) == 0
    assert customer.call("POST", f"/{hook['id']}/test").json()["code"] == "webhook_endpoint_stopped"
    customer.call("PUT", f"/{hook['id']}", stopped | {"enabled": True})
    assert customer.send(timedelta(minutes=1)) == 1


def test_a_secret_that_does_not_open_stops_its_own_endpoint_alone(
    customer: Customer, receiver: Receiver, db: Database
) -> None:
    broken = customer.endpoint(receiver.url, "person.deactivated")
    customer.endpoint(receiver.url, "person.deactivated")
    with db.begin(TenantScope(customer.tenant.id)) as session:
        set_endpoint(session, customer.tenant.id, UUID(broken["id"]), secret=b"x" * 60)
    customer.leave("ann")

    customer.send()

    assert len(receiver.came) == 1
    (line,) = customer.log(broken)
    assert (line["status"], line["attempts"]) == ("due", 1)
    assert "signing secret" in line["error"]


def test_a_receiver_that_is_slow_delays_no_other_and_is_called_by_few_at_once(
    customer: Customer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = (customer.endpoint(f"{receiver.url}/{name}", "person.deactivated") for name in ("slow", "quick"))
    for number in range(tasks.PER_ENDPOINT * 2):
        customer.leave(f"p{number}")
    quick_is_done, lock = threading.Event(), threading.Lock()
    running, most, told = 0, 0, 0

    def post(letter: Any) -> Answer:
        nonlocal running, most, told
        if str(letter.delivery.endpoint_id) == slow["id"]:
            with lock:
                running, most = running + 1, max(most, running + 1)
            assert quick_is_done.wait(30)  # it answers once the other has all of its own
            with lock:
                running -= 1
        else:
            with lock:
                told += 1
            if told == tasks.PER_ENDPOINT * 2:
                quick_is_done.set()
        return Answer(204)

    monkeypatch.setattr(tasks, "_post", post)
    assert customer.send() == tasks.PER_ENDPOINT * 4
    assert most == tasks.PER_ENDPOINT
    assert {line["status"] for one in (slow, quick) for line in customer.log(one)} == {"delivered"}
