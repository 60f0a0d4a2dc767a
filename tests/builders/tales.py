"""Customers whose contracts are told by the public API, each in the time of its own test clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import bearer

FAMILY = "social-learning-suite"


@dataclass
class Teller:
    """The vendor, who sells plans and looks after customers."""

    client: TestClient[Litestar]
    key: str

    def send(self, method: str, path: str, body: Any = None, tenant: str | None = None) -> Any:
        """Return status and JSON of an answer."""
        answer = self.client.request(method, path, json=body, headers=bearer(self.key, tenant))
        return answer.status_code, answer.json()

    def does(self, method: str, path: str, body: Any = None, tenant: str | None = None) -> Any:
        status, answer = self.send(method, path, body, tenant)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def sells(self, key: str, *charges: dict[str, Any], rank: int = 1, kind: str = "base", **document: Any) -> None:
        plan = {"name": key.title(), "family": FAMILY, "rank": rank, "kind": kind}
        draft = {"document": {"charges": list(charges), **document}, "plan": plan}
        number = self.does("POST", f"/v1/plans/{key}/versions", draft)["number"]
        self.does("POST", f"/v1/plans/{key}/versions/{number}/publish")

    def meets(self, slug: str, now: str, **fields: Any) -> "Customer":
        clock = self.does("POST", "/v1/test-clocks", {"name": slug, "now": now})["id"]
        return self.adds(slug, clock, **fields)

    def adds(self, slug: str, clock: str, **fields: Any) -> "Customer":
        body = {
            "slug": slug, "name": slug.title(), "legal_entity": "eu", "time_zone": "Europe/Berlin", "currency": "EUR",
            "country": "DE", "billing_name": slug.title(), "billing_address": "1 Main Street", "test_clock": clock,
        }  # fmt: skip
        self.does("POST", "/v1/tenants", body | fields)
        return Customer(self, slug, clock)


@dataclass
class Customer:
    """A customer with one contract, `main`."""

    teller: Teller
    slug: str
    clock: str

    def does(self, method: str, path: str, body: Any = None) -> Any:
        return self.teller.does(method, path, body, self.slug)

    def tries(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        status, answer = self.teller.send(method, path, body, self.slug)
        return status, answer

    def begins(self, plan: str, starts_on: str, **terms: Any) -> Any:
        return self.does("POST", "/v1/subscriptions", {"plan": plan, "key": "main", "starts_on": starts_on} | terms)

    def contract(self, step: str, **body: Any) -> Any:
        """Take a step of the contract: change, pause, resume, renew, cancel, coupons."""
        return self.does("POST", f"/v1/subscriptions/main/{step}", body)

    def until(self, instant: str) -> None:
        self.teller.does("POST", f"/v1/test-clocks/{self.clock}/advance", {"to": instant})

    def acts(self, day: str, people: Iterable[str]) -> None:
        """People look at something on a day of the past."""
        events = [
            {
                "specversion": "1.0", "id": f"{self.slug}-{who}-{day}", "source": "urn:suite",
                "type": "activity.performed", "time": f"{day}T12:00:00Z", "subject": who,
                "data": {"verb": "viewed", "object_type": "wiki_page", "object_id": "home"},
            }
            for who in people
        ]  # fmt: skip
        answer = self.does("POST", "/v1/events", events)
        assert answer["accepted"] == len(events), answer

    def bills(self) -> list[str]:
        """The documents by the day that they close, with their net amounts; below zero for a credit note."""
        items = self.does("GET", "/v1/invoices")["items"]
        told = [(i["closes_on"], i["created_at"], i["kind"], i["net"]["amount"]) for i in items]
        return [f"{day} {'-' if kind == 'credit_note' else ''}{net}" for day, _, kind, net in sorted(told)]

    def lines(self, day: str) -> list[str]:
        """The lines of the document that closes on a day."""
        [found] = [i["id"] for i in self.does("GET", "/v1/invoices")["items"] if i["closes_on"] == day]
        shown = self.does("GET", f"/v1/invoices/{found}")["lines"]
        return [f"{line['charge_key']} {line['kind']} {line['amount']['amount']}" for line in shown]


def people(count: int) -> list[str]:
    return [f"person-{number}" for number in range(count)]


def fee(amount: str, key: str = "fee", **more: Any) -> dict[str, Any]:
    """A flat amount before each period."""
    plain = {
        "key": key,
        "name": key.title(),
        "model": "flat",
        "in_advance": True,
        "prices": {"EUR": {"amount": amount}},
    }
    return plain | more


def active(unit: str) -> dict[str, Any]:
    """So much for each active member, after each period."""
    return {
        "key": "active", "name": "Active", "model": "per_unit", "meter": "members.active", "prices": {"EUR": {"unit": unit}},
    }  # fmt: skip
