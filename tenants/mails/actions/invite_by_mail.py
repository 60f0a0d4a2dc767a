"""Send who may choose a password the link to do so."""

from sqlalchemy.orm import Session

from core.clock import utc_now
from tenants.events import UserInvited
from tenants.mails.actions.put_mail import MailInput, check_address, put_mail

__all__ = ("PASSWORD_FORGOTTEN", "USER_INVITED", "invite_by_mail")

USER_INVITED = "user.invited"
PASSWORD_FORGOTTEN = "user.password_forgotten"  # noqa: S105 - the name of a mail


def invite_by_mail(session: Session, invited: UserInvited) -> None:
    """Write the mail down. The link is made as it is sent: it stands in no table.

    Raises:
        InvalidInput: that is no address (`invalid_input`).
    """
    check_address(invited.email, "/email")
    data = {
        "user": str(invited.user_id), "tenant": invited.tenant_name, "until": invited.until.isoformat(),
        "role": invited.role, "mark": invited.mark.hex(),
    }  # fmt: skip
    kind = PASSWORD_FORGOTTEN if invited.anew else USER_INVITED
    put_mail(session, invited.tenant_id, MailInput(kind, data, invited.language, address=invited.email), utc_now())
