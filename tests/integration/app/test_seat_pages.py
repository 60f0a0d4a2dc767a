"""The pages of seat pools: set up, assigned, released and refused, without JavaScript."""

import re

from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World

POOL = "/admin/acme/seat-pools/learners"


def test_the_pages_set_up_a_pool_assign_release_and_say_why_not(client: TestClient[Litestar], world: World) -> None:
    tenant = world.tenant()
    world.key("tenant_admin", tenant)
    people = world.people(tenant, "ann", "ben", "cid", name="Somebody", email="")
    client.headers["accept"] = "text/html"
    client.post(
        "/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery", "next": ""}
    )
    empty = client.get("/admin/acme/seat-pools").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', empty)
    assert token
    csrf = {"csrf_token": token[1]}
    assert "No seat pools yet" in empty

    made = client.post("/admin/acme/seat-pools", data={**csrf, "key": "learners", "name": "Learners", "seats": "2"})
    assert "0 of 2 seats taken" in made.text
    done = client.post(f"{POOL}/assign", data={**csrf, "names": "ann, ben\ncid\nnobody", "wait": "on"}).text
    assert "2 seats assigned, 1 waits." in done
    assert "nobody: There is no person" in done
    assert "Waiting, place 1" in done
    assert "Free at once: it was never used" in done

    box = f"person.{people['ann']}"
    assert f'name="{box}"' in client.get(f"{POOL}?show=held").text
    freed = client.post(f"{POOL}/release", data={**csrf, box: "on"}).text
    assert "1 seat released." in freed
    assert "Waiting, place" not in freed, "who waited has the seat"
    refused = client.post(f"{POOL}/release", data={**csrf, box: "on"}).text
    assert "holds no seat of this pool" in refused
    assert "Tick the seats that you mean first" in client.post(f"{POOL}/release", data=csrf).text
    assert "Give a number of seats" in client.post(POOL, data={**csrf, "name": "L", "seats": "-1"}).text
    changed = client.post(POOL, data={**csrf, "name": "Learners", "seats": "1", "moves": "3"}).text
    assert "2 of 1 seat taken" in changed
    assert "nobody loses a seat" in changed
    assert "3 may be released in twelve months; 3 are left" in changed


def test_who_may_only_read_sees_the_pool_and_changes_nothing(client: TestClient[Litestar], world: World) -> None:
    world.key("tenant_auditor", world.tenant())
    client.headers["accept"] = "text/html"
    form = {"email": "tenant_auditor@acme.example", "password": "correct horse battery", "next": ""}
    client.post("/sign-in", data=form)
    page = client.get("/admin/acme/seat-pools").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token

    assert "New pool" not in page
    wish = {"csrf_token": token[1], "key": "learners", "name": "Learners", "seats": "2"}
    assert client.post("/admin/acme/seat-pools", data=wish).status_code == 403


def test_people_are_invited_told_by_mail_and_their_invitations_withdrawn(
    client: TestClient[Litestar], world: World
) -> None:
    tenant = world.tenant()
    world.key("tenant_admin", tenant)
    world.people(tenant, "ann", name="Ann", email="ann@acme.example")
    world.people(tenant, "bob", name="Bob")
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/admin/acme/seat-pools").text)
    assert token
    csrf = {"csrf_token": token[1]}
    client.post("/admin/acme/seat-pools", data={**csrf, "key": "learners", "name": "Learners", "seats": "2"})
    page = f"{POOL}/invitations"
    assert "Nobody is invited" in client.get(page).text

    form = {**csrf, "names": "ann@acme.example, bob\nnobody", "days": "30", "mail": "on"}
    done = client.post(page, data=form).text
    assert "1 person invited." in done
    assert "bob: There is no e-mail address." in done
    assert "nobody: There is no person" in done
    assert "1 person invited." in client.post(page, data={**csrf, "names": "bob", "days": "7"}).text
    assert "Nobody was invited" in client.post(page, data={**csrf, "names": "ann", "days": "30"}).text
    assert "Nobody was invited" in client.post(page, data={**csrf, "names": "ann", "days": "9999"}).text
    sent = client.get("/admin/acme/mails").text
    assert sent.count("You are invited to a seat: Learners") == 1
    assert "ann@acme.example" in sent

    box = re.search(r'name="(invitation\.[0-9a-f-]+)"', done)
    assert box
    unticked = client.post(f"{page}/withdraw", data=csrf).text
    assert "Tick open invitations first" in unticked
    assert "notice-good" not in unticked
    withdrawn = client.post(f"{page}/withdraw", data={**csrf, box[1]: "on"}).text
    assert "1 invitation withdrawn." in withdrawn
    assert "Withdrawn" in withdrawn
    assert "0 of 2 seats taken" in client.get(POOL).text
