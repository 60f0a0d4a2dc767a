"""The address of people in the admin workspace: found, merged, told apart, leaving and back again, and erased."""

from dataclasses import dataclass, replace
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from sqlalchemy.orm import Session

from app.dependencies import database_of
from app.i18n import gettext as _
from app.pages.admin.people import Known, effects_table, people_table
from app.pages.frame import Crumb
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, confirm_word, cursor_of
from core.errors import Refused
from plans.api.people import MergeAnswer, merged_and_measured
from tenants.actions.deactivate_person import let_leave, let_return
from tenants.actions.erase_person import Erased
from tenants.actions.merge_people import Merged, merge_people, unmerge_person
from tenants.api.erasure import erased_or_shown
from tenants.reads import attribution
from tenants.reads.finding import people_by_id
from tenants.reads.identities import merged_people
from tenants.reads.people_list import Wanted, count_people, listed_people, sender_keys
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/{tenant_slug:str}/people", sync_to_thread=True)
def people(visit: TenantVisit) -> Response[str]:
    """Find people, and who carries them today."""
    visit.need(Permission.PEOPLE_READ)
    return _answer(visit)


@post("/admin/{tenant_slug:str}/people", sync_to_thread=True)
def merge(visit: TenantVisit, data: Form) -> Response[str]:
    """Say that somebody is somebody else, or nobody else after all; or only show what that would do."""
    visit.need(Permission.PEOPLE_WRITE)
    session, tenant, actor, now = visit.session, visit.tenant, visit.principal.actor, visit.now
    key, into, reason = (data.get(name, "").strip() for name in ("key", "into", "reason"))

    def act(there: Session) -> Merged:
        if into:
            return merge_people(there, tenant.id, key, into, reason, actor, now)
        return unmerge_person(there, tenant.id, key, reason, actor, now)

    preview, places = data.get("act") != "do", (database_of(visit.request), session)
    done = visit.attempt(lambda: merged_and_measured(places, tenant, act, preview=preview))
    return _answer(visit, data, done)


@post("/admin/{tenant_slug:str}/people/stay", sync_to_thread=True)
def stay(visit: TenantVisit, data: Form) -> Response[str] | Redirect:
    """Let somebody leave now, or be back; who asked on the person's page is led there again."""
    visit.need(Permission.PEOPLE_WRITE)
    who, leaves = data.get("who", "").strip(), data.get("act") == "leave"
    act = let_leave if leaves else let_return
    done = visit.attempt(lambda: act(visit.session, visit.tenant.id, who, visit.principal.actor, visit.now))
    if data.get("back") and not isinstance(done, Refused):
        return Redirect(f"/admin/{visit.tenant.slug}/people/{done}", status_code=303)
    return _answer(visit, leaving=Leaving(who, leaves, done if isinstance(done, Refused) else None))


@post("/admin/{tenant_slug:str}/people/erase", sync_to_thread=True)
def erase(visit: TenantVisit, data: Form) -> Response[str]:
    """Erase somebody's personal data once the word is typed; before that show what it would do."""
    visit.need(Permission.PEOPLE_ERASE)
    who, final = data.get("who", "").strip(), data.get("act") == "do"

    def act() -> Erased:
        if final:
            confirm_word(data, _("erase"))
        return erased_or_shown(visit.session, visit.tenant, who, visit.principal.actor, preview=not final)

    done = visit.attempt(act)
    return _answer(visit, erasing=Erasing(who, final, done))


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who was said to leave, or to be back, and why that was refused."""

    who: str = ""
    leaves: bool = False
    refusal: Refused | None = None


@dataclass(frozen=True, slots=True)
class Erasing:
    """What was asked about erasing somebody, and what came of it."""

    who: str = ""
    final: bool = False
    done: Erased | Refused | None = None

    @property
    def refusal(self) -> Refused | None:
        """Why it was refused."""
        return self.done if isinstance(self.done, Refused) else None


def _answer(
    visit: TenantVisit, said: dict[str, str] | None = None, done: MergeAnswer | Refused | None = None,
    erasing: Erasing = Erasing(), leaving: Leaving = Leaving(),
) -> Response[str]:  # fmt: skip
    session, tenant_id, query = visit.session, visit.tenant.id, replace(visit.query, path=_base(visit))
    wanted = Wanted(query.get("search").strip(), query.get("show"))
    found = listed_people(session, tenant_id, wanted, visit.now, cursor_of(query.get("after")), PAGE_SIZE + 1)
    ids = [person.id for person in found]
    carried, merged = attribution(session, tenant_id, among=ids), merged_people(session, tenant_id)
    survivors = people_by_id(session, tenant_id, {merged[one] for one in ids if one in merged})
    known = Known(
        sender_keys(session, tenant_id, ids), {one: carried.shares(one, visit.today) for one in ids},
        {one: survivors[merged[one]] for one in ids if one in merged},
    )  # fmt: skip
    counts = count_people(session, tenant_id, wanted.search, visit.now)
    refusal = done if isinstance(done, Refused) else None
    refused = refusal or erasing.refusal or leaving.refusal
    shown = done if isinstance(done, MergeAnswer) else None
    return visit.page(
        "admin/people.html", "people", *visit.crumbs(Crumb(_("People"))), status=refused.status if refused else 200,
        table=people_table(found, known, counts, query, visit.now, visit.tenant.tz), search=wanted.search,
        said=said or {},
        refusal=refusal, done=shown, effects=effects_table(shown) if shown else None,
        may_merge=visit.may(Permission.PEOPLE_WRITE),
        may_erase=visit.may(Permission.PEOPLE_ERASE), erasing=erasing, leaving=leaving,
        base=_base(visit),
    )  # fmt: skip


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/people"


route_handlers = (people, merge, stay, erase)
