"""The pages of seat pools: set up, assigned, released and refused, without JavaScript."""

import re

from litestar import Litestar
from litestar.testing import TestClient

from core.scope import TenantScope
from plans.licensing.seats.actions.keep_pool import PoolInput, create_pool
from tenants.reads import TenantView
from tests.builders.world import ACTOR, LONG_AGO, World

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
    done = client.post(f"{POOL}/assign", data={**csrf, "names": "ann; ben\ncid, nobody", "wait": "on"}).text
    assert "2 seats assigned, 1 waits." in done
    assert "nobody: Nobody is called" in done
    assert ">nobody</textarea>" in done, "who got nothing may be mended and sent again"
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
    assert "nobody: Nobody is called" in done
    assert "required>bob\nnobody</textarea>" in done, "who was invited is not asked for again"
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


def signed_in(
    client: TestClient[Litestar], world: World, role: str = "tenant_admin"
) -> tuple[dict[str, str], TenantView]:
    """A customer with a pool of three and five people, seen by somebody of that role; and the form's token."""
    tenant = world.tenant()
    world.key(role, tenant)
    for key, name in (("ann", "Ann Hall"), ("ben", "Ben Hall"), ("cid", "Cid Roe"), ("dan", "Dan"), ("eva", "=Eva")):
        world.people(tenant, key, name=name)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": f"{role}@acme.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/admin/acme/seat-pools").text)
    assert token
    csrf = {"csrf_token": token[1]}
    if role == "tenant_admin":
        client.post("/admin/acme/seat-pools", data={**csrf, "key": "learners", "name": "Learners", "seats": "3"})
        client.post(f"{POOL}/assign", data={**csrf, "names": "ann\nben\ncid\ndan\neva", "wait": "on"})
    return csrf, tenant


def test_all_that_a_filter_finds_are_released_after_a_look_at_what_it_comes_to(
    client: TestClient[Litestar], world: World
) -> None:
    csrf, _ = signed_in(client, world)
    page = client.get(f"{POOL}?search=hall").text
    assert "Release all 2 seats that match" in page
    assert "data-tick-all" in page
    matching = f"{POOL}/release-matching?search=hall"

    shown = client.get(matching).text

    assert "Release 2 seats?" in shown
    assert re.search(r"Free at once</dt><dd>2<.*Passed on to who waits</dt><dd>2<", shown, re.DOTALL)
    assert "Ann Hall, Ben Hall" in shown
    assert "3 of 3 seats taken" in client.get(POOL).text, "a look releases nothing"
    stale = client.post(matching, data={**csrf, "count": "5"})
    assert (stale.status_code, "nothing was released" in stale.text) == (409, True)
    assert "2 seats released." in client.post(matching, data={**csrf, "count": "2"}).text
    assert "Nobody who holds a seat is found" in client.get(matching).text
    held = client.get(f"{POOL}?show=held").text
    assert all(name in held for name in ("Cid Roe", "Dan", "=Eva"))


def test_what_a_filter_finds_is_a_file_of_all_pages(client: TestClient[Litestar], world: World) -> None:
    csrf, tenant = signed_in(client, world)
    names = [f"p{number:02}" for number in range(60)]
    world.people(tenant, *names, name="Crowd")
    client.post(POOL, data={**csrf, "name": "Learners", "seats": "70"})
    client.post(f"{POOL}/assign", data={**csrf, "names": "\n".join(names)})
    assert "50 of 60" in client.get(f"{POOL}?search=crowd").text
    assert "The search for “zzz” found nobody in this pool." in client.get(f"{POOL}?search=zzz").text
    assert "The search for “crowd” found nobody in that state." in client.get(f"{POOL}?search=crowd&show=waiting").text

    answer = client.get(f"{POOL}/export?search=crowd")

    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.lstrip("\ufeff").strip().splitlines()
    assert lines[0] == "Person,E-mail,State,Since,Last use,If released now"
    assert len(lines) == 61
    assert "'=Eva" in client.get(f"{POOL}/export").text, "no formula"


def test_a_seat_is_passed_on_or_stays_with_its_reason(client: TestClient[Litestar], world: World) -> None:
    csrf, _ = signed_in(client, world)

    passed = client.post(f"{POOL}/move", data={**csrf, "from": "ann", "to": "dan"}).text
    refused = client.post(f"{POOL}/move", data={**csrf, "from": "ann", "to": "eva"}).text

    assert "Dan holds the seat of Ann Hall now." in passed
    assert "holds no seat of this pool" in refused
    assert 'id="from" name="from" value="ann"' in refused


def test_who_may_only_read_takes_the_file_and_releases_nothing(client: TestClient[Litestar], world: World) -> None:
    csrf, tenant = signed_in(client, world, "tenant_auditor")
    with world.db.begin(TenantScope(tenant.id)) as session:
        create_pool(session, tenant, PoolInput("learners", "Learners", 3), ACTOR, LONG_AGO)

    assert client.get(f"{POOL}/export").status_code == 200
    assert client.get(f"{POOL}/release-matching").status_code == 403
    for act in ("release-matching", "move"):
        assert client.post(f"{POOL}/{act}", data={**csrf, "count": "0"}).status_code == 403


def test_rules_that_are_refused_stand_in_the_form_to_be_mended(client: TestClient[Litestar], world: World) -> None:
    csrf, _tenant = signed_in(client, world)
    wish = {**csrf, "name": "Coaches", "seats": "7", "audience.partner": "on", "cost_centres": "nowhere"}

    changed = client.post(POOL, data=wish)
    made = client.post("/admin/acme/seat-pools", data={**wish, "key": "coaches"})

    for refused in (changed, made):
        assert refused.status_code == 422
        assert "There is no cost centre nowhere." in refused.text
        form = refused.text[refused.text.index('id="limit"') :]
        assert 'value="7"' in form
        assert 'name="audience.partner" checked' in form
        assert 'value="nowhere"' in form
    assert "Change limit and rules" in changed.text
    assert "of 7 seats" not in client.get(POOL).text, "nothing was changed"


def nobody(client: TestClient[Litestar]) -> TestClient[Litestar]:
    """Return a browser in which nobody has signed in."""
    other = TestClient(client.app)
    other.headers["accept"] = "text/html"
    return other


def invited(client: TestClient[Litestar], csrf: dict[str, str], who: str) -> str:
    """Invite somebody on the page and return the path of the invitation's link."""
    page = client.post(f"{POOL}/invitations", data={**csrf, "names": who, "days": "7"}).text
    assert "1 person invited." in page
    link = re.search(r'href="https?://[^/"]+(/invitations/[^"]+)"', page)
    assert link
    return link[1]


def test_who_is_invited_opens_the_link_without_signing_in_and_takes_the_seat_once(
    client: TestClient[Litestar], world: World
) -> None:
    csrf, _ = signed_in(client, world)
    client.post(f"{POOL}/release-matching?show=held", data={**csrf, "count": "3"})
    client.post(f"{POOL}/release-matching?show=held", data={**csrf, "count": "2"})
    link, stranger = invited(client, csrf, "ann"), nobody(client)

    shown = stranger.get(link)

    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert "Acme invites Ann Hall." in shown.text
    assert "0 of 3 seats taken" in client.get(POOL).text, "to look takes no seat"
    assert "The seat is yours." in stranger.post(link).text
    assert "1 of 3 seats taken" in client.get(POOL).text
    client.post(f"{POOL}/release-matching?show=held", data={**csrf, "count": "1"})
    assert "The seat is yours." in stranger.post(link).text
    assert "0 of 3 seats taken" in client.get(POOL).text, "what was taken back does not come again by an old link"
    assert stranger.post(link, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    for forged in (link[:-2] + ("AA" if link[-2:] != "AA" else "BB"), f"{link}A", "/invitations/x", "/invitations/é"):
        assert stranger.get(forged).status_code == 404, forged


def test_an_invitation_is_refused_where_none_is_free_and_over_where_it_was_withdrawn(
    client: TestClient[Litestar], world: World
) -> None:
    csrf, _ = signed_in(client, world)  # all three seats are held, and two wait
    link, stranger = invited(client, csrf, "eva"), nobody(client)

    full = stranger.post(link)

    assert (full.status_code, "Every seat is taken now." in full.text) == (409, True)
    assert "Accept the seat" in full.text
    page = client.get(f"{POOL}/invitations").text
    box = re.search(r'name="(invitation\.[0-9a-f-]+)"', page)
    assert box
    assert "Tick open invitations first" in client.post(f"{POOL}/invitations/accept", data=csrf).text
    assert "Nothing was changed" in client.post(f"{POOL}/invitations/accept", data={**csrf, box[1]: "on"}).text
    client.post(POOL, data={**csrf, "name": "Learners", "seats": "9"})
    client.post(f"{POOL}/invitations/withdraw", data={**csrf, box[1]: "on"})
    assert "was withdrawn" in stranger.get(link).text
    assert "was withdrawn" in stranger.post(link).text


def test_an_administrator_accepts_for_who_is_invited(client: TestClient[Litestar], world: World) -> None:
    csrf, tenant = signed_in(client, world)
    client.post(POOL, data={**csrf, "name": "Learners", "seats": "9"})
    world.people(tenant, "fay", name="Fay")
    invited(client, csrf, "fay")
    box = re.search(r'name="(invitation\.[0-9a-f-]+)"', client.get(f"{POOL}/invitations").text)
    assert box

    done = client.post(f"{POOL}/invitations/accept", data={**csrf, box[1]: "on"}).text

    assert "1 seat taken." in done
    assert "6 of 9 seats taken" in client.get(POOL).text
