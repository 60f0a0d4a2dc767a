"""Who listens to what lower packages tell: wired here, acted on in the transaction of what happened."""

from billing.actions.reckon_recut import reckon_recut
from core.signals import subscribe
from metering.actions.forget_erased import forget_erased
from plans.alerts.actions.forget_recipients import forget_recipients
from plans.events import PeriodsRecut
from plans.licensing.actions.follow_people import let_out
from plans.licensing.seats.actions.follow_people import end_seats, follow_group, refuse_unknown_pools
from tenants.directory.actions.forget_users import forget_users
from tenants.events import PeopleLeft, PersonErased, PoolMembersChanged, PoolsNamed, UserInvited
from tenants.mails.actions.forget_addressed import forget_addressed
from tenants.mails.actions.invite_by_mail import invite_by_mail
from tenants.sso.actions.forget_links import forget_links

__all__ = ("listen",)


def listen() -> None:
    """Wire all subscribers; doing it twice changes nothing."""
    subscribe(PeopleLeft, end_seats)
    subscribe(PeopleLeft, let_out)
    subscribe(PersonErased, forget_users)
    subscribe(PersonErased, forget_links)
    subscribe(PersonErased, forget_addressed)
    subscribe(PersonErased, forget_recipients)
    subscribe(PersonErased, forget_erased)
    subscribe(PoolMembersChanged, follow_group)
    subscribe(PoolsNamed, refuse_unknown_pools)
    subscribe(PeriodsRecut, reckon_recut)
    subscribe(UserInvited, invite_by_mail)
