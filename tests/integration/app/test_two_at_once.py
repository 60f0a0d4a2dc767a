"""Two requests at once of which neither can see the other: the second one is told to send it again, and no fault."""

from concurrent.futures import ThreadPoolExecutor

from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from core.scope import TenantScope
from tenants.actions.import_people import PersonInput, import_people
from tests.builders.locks import waiting_for_a_lock
from tests.builders.world import ACTOR, LONG_AGO, World, bearer


def test_who_imports_a_person_whom_somebody_else_imports_is_told_to_send_it_again(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme = world.tenant()
    headers = bearer(world.key("tenant_admin", acme))
    person = [{"key": "ann", "active_from": "2026-01-01T00:00:00Z"}]

    with ThreadPoolExecutor(1) as pool:
        with db.begin(TenantScope(acme.id)) as session:
            import_people(session, acme.id, [PersonInput("ann", LONG_AGO)], ACTOR, LONG_AGO)
            second = pool.submit(client.post, "/v1/people", json=person, headers=headers)
            while not waiting_for_a_lock(db):
                assert not second.done(), "it did not wait"
        told = second.result(30)

    assert (told.status_code, told.json()["code"], told.headers["retry-after"]) == (409, "concurrent_change", "1")
    assert client.post("/v1/people", json=person, headers=headers).status_code == 201
