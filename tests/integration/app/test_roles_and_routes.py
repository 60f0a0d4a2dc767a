"""Which role may do what: every route and page asks for a permission, and gives nothing to a role without it.

What each asks for stands in `routes.txt`, so that a change of access is seen as one. A route without any
permission is public, or somebody's own.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from tenants.roles import VENDOR_ROLES, Permission, Role, permissions_of
from tests.application import application, client_on
from tests.builders.world import World
from tests.server import fresh_database

TABLE = Path(__file__).parent / "routes.txt"
LANES = {"metering.api.hot_lane", "plans.licensing.api.hot_lane"}
STREAMS = {"/v1/events/tail", "/admin/{tenant_slug:str}/live/stream"}
"""These go on until the listener goes."""
VENDORS_OWN = ("/sales/", "/v1/invoice-runs", "/v1/ledger/")
"""Customers read invoices, and not these: they are of all customers."""
SAFE = ("GET",)
FILLED = (("uuid", "01890000-0000-7000-8000-00000000dead"), ("int", "7"), ("date", "2026-01-01"))


def _functions(function: Callable[..., Any], seen: set[str]) -> Iterator[ast.AST]:
    """Yield the code of a function and of whatever of its module, or of a lane, it names."""
    name = f"{function.__module__}.{function.__qualname__}"
    if name in seen:
        return
    seen.add(name)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    yield tree
    module = sys.modules[function.__module__]
    for node in ast.walk(tree):
        called = getattr(module, node.id, None) if isinstance(node, ast.Name) else None
        if inspect.isfunction(called) and called.__module__ in {function.__module__, *LANES}:
            yield from _functions(called, seen)


def asked_of(function: Callable[..., Any]) -> frozenset[Permission]:
    return frozenset(
        Permission[node.attr]
        for tree in _functions(function, set())
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Permission"
    )


def _plain(function: Any) -> Callable[..., Any]:
    """Return the function that was written, without what makes it asynchronous."""
    function = getattr(function, "func", function)
    function = inspect.unwrap(function)
    return getattr(function, "func", function)  # type: ignore[no-any-return]


def routes() -> dict[tuple[str, str], frozenset[Permission]]:
    found = {}
    for route in application().routes:
        for handler in getattr(route, "route_handlers", ()) or [getattr(route, "route_handler", None)]:
            for method in getattr(handler, "http_methods", ()):
                if method not in ("HEAD", "OPTIONS"):
                    found[route.path, str(method)] = asked_of(_plain(handler.fn))
    return found


ROUTES = routes()


def told(path: str, method: str) -> str:
    asked = ", ".join(sorted(ROUTES[path, method])) or "-"
    return f"{method} {path}: {asked}"


def test_the_table_says_what_every_route_asks_for() -> None:
    now = [told(path, method) for path, method in sorted(ROUTES)]

    assert TABLE.read_text().splitlines() == now, "\n".join(now)


@pytest.fixture(scope="module")
def desks(admin_url: str) -> Iterator[tuple[TestClient[Litestar], dict[Role, dict[str, str]]]]:
    """A client, and for each role what shows who asks: a key, and the cookies of a browser."""
    with fresh_database(admin_url) as url:
        database = Database(url)
        world = World(database)
        acme = world.tenant("acme")
        shown: dict[Role, dict[str, str]] = {}
        with client_on(database) as client:
            for role in Role:
                vendor = role in VENDOR_ROLES
                centre = "hr" if role is Role.COST_CENTRE_OWNER else None
                key = world.key(role, None if vendor else acme, cost_centre=centre)
                email = f"{role}@{'vendor' if vendor else 'acme'}.example"
                client.cookies.clear()
                client.post(
                    "/sign-in", data={"email": email, "password": "correct horse battery"},
                    headers={"Accept": "text/html"}, follow_redirects=False,
                )  # fmt: skip
                cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
                assert cookies, role
                shown[role] = {"key": key, "cookies": cookies}
            client.cookies.clear()
            yield client, shown
        database.dispose()


def ask(client: TestClient[Litestar], method: str, path: str, role: Role, shown: dict[str, str]) -> int:
    for kind, value in FILLED:
        path = re.sub(rf"\{{[^}}:]+:{kind}\}}", value, path)
    path = re.sub(r"\{tenant_slug[^}]*\}", "acme", path)
    path = re.sub(r"\{[^}]+\}", "nothing", path)
    if path.startswith(("/v1", "/scim", "/xapi")):
        headers = {"Authorization": f"Bearer {shown['key']}", "Accept": "application/json"}
        headers |= {"Tbk-Tenant": "acme"} if role in VENDOR_ROLES else {}
        headers |= {"X-Experience-API-Version": "1.0.3"} if path.startswith("/xapi") else {}
        body = {} if method in ("POST", "PUT", "PATCH") else None
        return client.request(method, path, headers=headers, json=body, follow_redirects=False).status_code
    headers = {"Cookie": shown["cookies"], "Accept": "text/html"}
    return client.request(method, path, headers=headers, follow_redirects=False).status_code


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_nothing_of_a_route_that_asks_for_what_it_has_not(
    desks: tuple[TestClient[Litestar], dict[Role, dict[str, str]]], role: Role
) -> None:
    client, shown = desks
    let_in = []
    for (path, method), asked in sorted(ROUTES.items()):
        if not asked or asked & permissions_of(role):
            continue
        status = ask(client, method, path, role, shown[role])
        if status < 400 or status >= 500 or (method in SAFE and status not in (400, 403, 404)):
            let_in.append(f"{told(path, method)} answered {status}")
    assert let_in == [], "\n".join(let_in)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_not_kept_from_a_route_of_which_it_has_all_that_is_asked_for(
    desks: tuple[TestClient[Litestar], dict[Role, dict[str, str]]], role: Role
) -> None:
    client, shown = desks
    kept_out = []
    for (path, method), asked in sorted(ROUTES.items()):
        if method not in SAFE or path in STREAMS or not asked <= permissions_of(role):
            continue
        if role not in VENDOR_ROLES and path.startswith(VENDORS_OWN):
            continue
        if ask(client, method, path, role, shown[role]) == 403:
            kept_out.append(told(path, method))
    assert kept_out == [], "\n".join(kept_out)
