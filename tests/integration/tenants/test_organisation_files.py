"""People and cost centres by CSV: all or nothing, each bad row named, the same file again changes nothing."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.scope import TenantScope
from core.signals import subscribe, unsubscribe
from tenants.actions.import_organisation import OrganisationImported, import_centres_csv
from tenants.events import PeopleLeft
from tests.builders.world import World, bearer

CENTRES = """code,name,parent,valid_from,valid_to,headcount
all,All,,2026-01-01,,
sales,Sales,all,2026-01-01,,12
it,IT,all,2026-01-01,2026-07-01,
"""
PEOPLE = """key;name;email;class;audience;active_from;cost_centre;valid_from;valid_to
ann;Ann;ann@acme.example;;;2026-01-01;sales;;2026-04-01
ann;Ann;;;;2026-01-01;it;2026-04-01;
bob;Bob;;guest;partner;2026-02-01;;;
"""


class Desk:
    def __init__(self, client: TestClient[Litestar], world: World) -> None:
        self.client, self.headers = client, bearer(world.key("tenant_admin", world.tenant()))

    def send(self, what: str, text: str, dry_run: str = "false") -> Any:
        return self.client.post(f"/v1/{what}/csv?dry_run={dry_run}", content=text.encode(), headers=self.headers)

    def counts(self, what: str, text: str, dry_run: str = "false") -> tuple[int, int, int]:
        answer = self.send(what, text, dry_run)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return told["created"], told["changed"], told["unchanged"]

    def faults(self, what: str, text: str) -> list[tuple[str, str]]:
        answer = self.send(what, text)
        assert answer.status_code == 422, answer.text
        return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]

    def known(self, what: str) -> int:
        return len(self.client.get(f"/v1/{what}", headers=self.headers).json()["items"])


@pytest.fixture
def desk(client: TestClient[Litestar], world: World) -> Desk:
    return Desk(client, world)


def test_a_dry_run_changes_nothing_and_the_same_file_again_neither(desk: Desk) -> None:
    assert desk.counts("cost-centres", CENTRES, "true") == (3, 0, 0)
    assert desk.known("cost-centres") == 0
    assert desk.counts("cost-centres", CENTRES) == (3, 0, 0)
    assert desk.counts("cost-centres", CENTRES) == (0, 0, 3)
    assert desk.counts("cost-centres", CENTRES.replace("12", "15")) == (0, 1, 2)

    assert desk.counts("people", PEOPLE, "true") == (2, 0, 0)
    assert desk.known("people") == 0
    assert desk.counts("people", PEOPLE) == (2, 0, 0)
    assert desk.counts("people", PEOPLE) == (0, 0, 3)
    moved = PEOPLE.replace("it;2026-04-01", "sales;2026-05-01")
    assert desk.counts("people", moved) == (0, 1, 2)


def test_every_bad_row_is_named_and_nothing_is_written(desk: Desk) -> None:
    bad = CENTRES + ",No code,,2026-01-01,,\nit,IT,all,2026-01-01,,\nx,X,all,01/02/2026,,\ny,Y,gone,2026-01-01,,many\n"

    assert desk.faults("cost-centres", bad) == [
        ("/5", "code_missing"), ("/7", "date_invalid"), ("/8", "headcount_invalid"), ("/6", "row_twice"),
    ]  # fmt: skip
    assert desk.faults("cost-centres", CENTRES + "y,Y,gone,2026-01-01,,\n") == [("/5", "cost_centre_unknown")]
    assert desk.faults("cost-centres", "a,b\n1,2\n") == [("/1", "head_invalid")]
    assert desk.known("cost-centres") == 0
    desk.send("cost-centres", CENTRES)
    wrong = PEOPLE + "eve;Eve;;king;;2026-01-01;;;\n"
    assert desk.faults("people", wrong) == [("/5", "class_unknown")]
    late = PEOPLE.replace("it;2026-04-01", "it;2026-07-01")
    assert desk.faults("people", late) == [("/3", "cost_centre_unknown")]
    assert desk.faults("people", PEOPLE.replace("it;2026-04-01", "it;2026-03-31")) == [("/3", "assignment_overlap")]
    assert desk.known("people") == 0


def test_a_circle_is_refused_with_its_row_and_a_reorganisation_over_time_is_none(desk: Desk) -> None:
    desk.send("cost-centres", CENTRES)
    head = CENTRES.splitlines()[0]

    # `all` goes under `sales` while `sales` is under `all`.
    assert desk.faults("cost-centres", f"{head}\nall,All,sales,2026-03-01,,\n") == [("/2", "cost_centre_cycle")]
    # From March on sales has no parent any more, so that all may go under it.
    assert desk.counts("cost-centres", f"{head}\nsales,Sales,,2026-03-01,,\nall,All,sales,2026-03-01,,\n") == (2, 0, 0)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('"' + "x" * 200_000, ("/5", "row_invalid")),
        ("x" * 501 + ",X,,2026-01-01,,", ("/5", "text_invalid")),
        ("x\0,X,,2026-01-01,,", ("/5", "text_invalid")),
        ('x,"X\nY",,2026-01-01,,', ("/6", "text_invalid")),
    ],
)
def test_what_no_column_can_hold_is_a_fault_of_its_row(desk: Desk, row: str, fault: tuple[str, str]) -> None:
    assert desk.faults("cost-centres", CENTRES + row + "\n") == [fault]


def test_dates_at_the_ends_of_the_calendar_are_refused(desk: Desk) -> None:
    people = "key,active_from\nann,0001-01-01\nbob,9999-12-31\n"

    assert desk.faults("people", people) == [("/2", "date_invalid"), ("/3", "date_invalid")]


def test_what_only_looks_like_the_end_of_a_line_is_text(desk: Desk) -> None:
    assert desk.counts("cost-centres", CENTRES + "r,R\u2028D,,2026-01-01,,\n") == (4, 0, 0)


def test_a_long_code_is_taken_and_shown_and_a_headcount_beyond_all_people_is_a_fault_of_its_row(desk: Desk) -> None:
    long = "c" * 120

    assert desk.counts("cost-centres", CENTRES + f"{long},Long,,2026-01-01,,10000000\n") == (4, 0, 0)
    assert desk.faults("cost-centres", CENTRES + "x,X,,2026-01-01,,99999999\n") == [("/5", "headcount_invalid")]
    shown = desk.client.get("/v1/cost-centres", headers=desk.headers)
    assert shown.status_code == 200
    assert (long, 10_000_000) in [(one["code"], one["headcount"]) for one in shown.json()["items"]]


@pytest.mark.parametrize("code", ["  ", "\n", "a\nb", "a\tb"])
def test_a_centre_that_no_file_could_name_is_not_taken_by_the_api_either(desk: Desk, code: str) -> None:
    body = [
        {"code": "x", "name": "X", "valid_from": "2026-01-01"},
        {"code": code, "name": "X", "valid_from": "2026-01-01"},
    ]

    refused = desk.client.put("/v1/cost-centres", json=body, headers=desk.headers)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/1", "cost_centre_invalid")]
    assert desk.known("cost-centres") == 0


def test_a_code_has_the_length_that_files_may_give_it(desk: Desk) -> None:
    def put(code: str) -> int:
        body = [{"code": code, "name": "X", "valid_from": "2026-01-01"}]
        return int(desk.client.put("/v1/cost-centres", json=body, headers=desk.headers).status_code)

    assert (put("x" * 500), put("x" * 501)) == (200, 400)


def test_two_rows_of_one_code_from_one_day_on_are_both_named(desk: Desk) -> None:
    rows = (("a", "A", "2026-01-01"), ("b", "B", "2026-01-01"), ("a", "Other", "2026-01-01"), ("a", "A", "2026-02-01"))
    body = [{"code": code, "name": name, "valid_from": day} for code, name, day in rows]

    refused = desk.client.put("/v1/cost-centres", json=body, headers=desk.headers)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        ("/0", "row_twice"),
        ("/2", "row_twice"),
    ]
    assert desk.known("cost-centres") == 0
    assert desk.client.put("/v1/cost-centres", json=body[1:], headers=desk.headers).status_code == 200


def test_a_reorganisation_is_taken_by_the_api_as_by_a_file(desk: Desk) -> None:
    def put(*rows: tuple[str, str | None, str]) -> tuple[int, str]:
        body = [{"code": code, "name": code, "parent_code": parent, "valid_from": day} for code, parent, day in rows]
        answer = desk.client.put("/v1/cost-centres", json=body, headers=desk.headers)
        return answer.status_code, answer.json().get("code", "")

    desk.send("cost-centres", CENTRES)
    assert put(("all", "sales", "2026-03-01")) == (422, "cost_centre_cycle")
    assert put(("new", "late", "2026-03-01"), ("late", None, "2026-04-01")) == (422, "cost_centre_unknown")
    assert put(("all", "sales", "2026-03-01"), ("sales", None, "2026-03-01")) == (200, "")


def test_the_page_checks_first_and_then_imports(client: TestClient[Litestar], world: World) -> None:
    world.key("tenant_admin", world.tenant())
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    page = "/admin/acme/people/import"
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(page).text)
    assert token

    def send(act: str, rows: str = CENTRES) -> str:
        form = {"csrf_token": token[1], "kind": "centres", "rows": rows, "act": act}
        return client.post(page, data=form).text

    assert "It would make 3 and change 0; 0 rows are known." in send("check")
    assert "Row 5: give a code." in send("do", CENTRES + ",No code,,2026-01-01,,\n")
    assert "Done: 3 made, 0 changed; 0 rows were known." in send("do")
    assert "Done: 0 made, 0 changed; 3 rows were known." in send("do")

    # A file that was chosen is shown, too, so that what was checked is imported without choosing it again.
    form = {"csrf_token": token[1], "kind": "people", "rows": "", "act": "check"}
    checked = client.post(page, data=form, files={"file": ("people.csv", PEOPLE.encode("utf-8-sig"), "text/csv")}).text
    assert "It would make 2 and change 0; 0 rows are known." in checked
    assert "\nann;Ann;ann@acme.example;" in checked
    assert 'value="people" selected' in checked
    assert "It would make 2" not in client.post(page, data=form | {"rows": "", "act": "do"}).text


def test_two_files_at_once_close_no_circle_together(world: World) -> None:
    tenant, head = world.tenant(), "code,name,parent,valid_from,valid_to,headcount\n"

    def bring(lines: str) -> OrganisationImported:
        with world.db.begin(TenantScope(tenant.id)) as session:
            return import_centres_csv(session, tenant, (head + lines).encode(), "system:tests", dry_run=False)

    bring("a,A,,2026-01-01,,\nb,B,,2026-01-01,,\n")
    with ThreadPoolExecutor(1) as threads, psycopg.connect(world.db.database_url, autocommit=True) as admin:
        with world.db.begin(TenantScope(tenant.id)) as session:
            import_centres_csv(session, tenant, (head + "a,A,b,2026-01-01,,\n").encode(), "system:tests", dry_run=False)
            other = threads.submit(bring, "b,B,a,2026-01-01,,\n")
            while not other.done() and not admin.execute("select 1 from pg_locks where not granted").fetchone():
                pass
            assert not other.done(), "the second waits until the first one's tree is known"
        with pytest.raises(InvalidInput) as refused:
            other.result()

    assert {one.code for one in refused.value.errors} == {"cost_centre_cycle"}


def test_what_a_file_says_of_known_people_is_corrected_and_who_left_has_left(desk: Desk) -> None:
    head = "key,name,email,class,audience,active_from,active_to\n"
    desk.send("people", head + "ann,Ann,ann@a.example,,,2026-01-01,\nbob,Bob,,,,2026-01-01,\n")

    def person(key: str) -> dict[str, str | None]:
        found = desk.client.get("/v1/people", params={"search": key}, headers=desk.headers).json()["items"]
        return {name: found[0][name] for name in ("name", "email", "active_to")}

    # A married name, a new address, a class from now on; what is left out stays.
    later = head + "ann,Ann Lee,,guest,,2026-01-01,\nbob,Bob,,member,employee,2026-01-01,\n"
    assert desk.counts("people", later, "true") == (0, 1, 1)
    assert person("ann")["name"] == "Ann"
    assert desk.counts("people", later) == (0, 1, 1)
    assert desk.counts("people", later) == (0, 0, 2)
    assert (person("ann")["name"], person("ann")["email"]) == ("Ann Lee", "ann@a.example")

    gone = head + "bob,,,,,2026-01-01,2026-03-01\neve,Eve,,,,2026-01-01,2026-02-01\n"
    assert desk.counts("people", gone) == (1, 1, 0)
    assert (person("bob")["name"], (person("bob")["active_to"] or "")[:7]) == ("Bob", "2026-02")
    assert (person("eve")["active_to"] or "")[:7] == "2026-01"
    assert desk.counts("people", gone) == (0, 0, 2)
    assert desk.faults("people", head + "ann,,,,,2026-01-01,2999-01-01\n") == [("/2", "date_invalid")]
    assert desk.faults("people", head + "ann,,,,,2026-01-01,2025-12-31\n") == [("/2", "date_invalid")]


def test_pools_hear_once_of_all_who_a_file_says_left_on_a_day(desk: Desk) -> None:
    head, heard = "key,name,email,class,audience,active_from,active_to\n", list[int]()
    desk.send("people", head + "".join(f"p{number},,,,,2026-01-01,\n" for number in range(6)))

    def hear(_session: Session, left: PeopleLeft) -> None:
        heard.append(len(left.persons))

    subscribe(PeopleLeft, hear)
    try:
        days = ("2026-03-01", "2026-03-01", "2026-03-02", "2026-03-01", "2026-03-02")
        gone = [
            *(f"p{number},,,,,2026-01-01,{day}" for number, day in enumerate(days)),
            "new,,,,,2026-01-01,2026-03-02",
        ]
        assert desk.counts("people", head + "\n".join(gone) + "\n") == (1, 5, 0)
    finally:
        unsubscribe(PeopleLeft, hear)

    assert heard == [3, 3]
