"""For every route of the API: nobody without a key, nobody into another tenant, no fault on nonsense."""

import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from tests.application import application, client_on
from tests.builders.world import World, bearer

PUBLIC = {"/healthz", "/readyz", "/metrics", "/schemas", "/.well-known", "/docs", "/static", "/sign-in", "/v1/sign-in"}


def api_routes() -> list[tuple[str, str]]:
    """Return (method, path) of every route of /v1, /xapi and /scim, path parameters filled with things that do not exist."""
    found = set()
    for route in application().routes:
        if not route.path.startswith(("/v1", "/xapi", "/scim")) or route.path == "/xapi/about":
            continue
        path = re.sub(r"\{[^}:]+:uuid\}", "01890000-0000-7000-8000-00000000dead", route.path)
        path = re.sub(r"\{[^}:]+:int\}", "7", path)
        path = re.sub(r"\{[^}:]+:date\}", "2026-01-01", path)
        path = re.sub(r"\{[^}]+\}", "nothing", path)
        found |= {(method, path) for method in getattr(route, "methods", ()) if method not in ("OPTIONS", "HEAD")}
    return sorted(found)


ROUTES = api_routes()


@pytest.fixture(scope="module")
def module_client(admin_url: str) -> object:
    from tests.server import fresh_database  # noqa: PLC0415 - one database for the whole module

    with fresh_database(admin_url) as url:
        database = Database(url)
        world = World(database)
        keys = {
            "a": world.key("tenant_admin", world.tenant("alpha")),
            "b": world.key("tenant_admin", world.tenant("beta")),
            "owner": world.key("cost_centre_owner", world.tenant("gamma"), cost_centre="hr"),
            "vendor": world.key("vendor_admin"),
        }
        with client_on(database) as client:
            yield client, keys
        database.dispose()


def call(client: TestClient[Litestar], method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    body = {} if method in ("POST", "PUT", "PATCH") else None
    # The live tail streams unless a list is asked for.
    answer = client.request(method, path, headers=headers | {"Accept": "application/json"}, json=body)
    return answer.status_code, answer.text


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_key_nothing_is_answered(
    module_client: tuple[TestClient[Litestar], dict[str, str]], method: str, path: str
) -> None:
    client, _ = module_client

    assert call(client, method, path, {})[0] == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_another_tenants_name_is_answered_like_one_that_does_not_exist(
    module_client: tuple[TestClient[Litestar], dict[str, str]], method: str, path: str
) -> None:
    client, keys = module_client
    if path == "/v1/me":
        return  # speaks of the key alone

    into_alpha = call(client, method, path, bearer(keys["b"], "alpha"))
    into_nothing = call(client, method, path, bearer(keys["b"], "no-such-tenant"))

    assert into_alpha[0] == into_nothing[0] >= 400
    assert into_alpha[1].replace("alpha", "no-such-tenant") == into_nothing[1]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nonsense_is_refused_and_never_a_fault(
    module_client: tuple[TestClient[Litestar], dict[str, str]], method: str, path: str
) -> None:
    client, keys = module_client

    for headers in (bearer(keys["a"]), bearer(keys["vendor"], "alpha"), bearer(keys["owner"])):
        status, text = call(client, method, path, headers)
        assert status < 500, text
        if status >= 400:
            assert '"code"' in text or '"rejected"' in text or "scim:api:messages:2.0:Error" in text, text
