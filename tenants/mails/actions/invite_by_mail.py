"""Tell who was made a customer's administrator by mail: it carries the link to choose a password."""

from sqlalchemy.orm import Session

from core.clock import utc_now
from tenants.events import AdminInvited
from tenants.mails.actions.put_mail import MailInput, check_address, put_mail

__all__ = ("USER_INVITED", "invite_by_mail")

USER_INVITED = "user.invited"


def invite_by_mail(session: Session, invited: AdminInvited) -> None:
    """Write the mail down. The link is made as it is sent: it stands in no table.

    Raises:
        InvalidInput: that is no address (`invalid_input`).
    """
    check_address(invited.email, "/admin/email")
    data = {"user": str(invited.user_id), "tenant": invited.tenant_name, "until": invited.until.isoformat()}
    put_mail(
        session, invited.tenant_id, MailInput(USER_INVITED, data, invited.language, address=invited.email), utc_now()
    )
