"""Refusals about who."""

from typing import ClassVar

from core.errors import Forbidden, NotFound, Refused

__all__ = (
    "AssignmentInvalid",
    "ClockGoesBack",
    "CredentialsWrong",
    "CsrfMissing",
    "FormSentBefore",
    "IdempotencyConflict",
    "KeyInUse",
    "NotMerged",
    "PasswordOff",
    "PersonErasedBefore",
    "PersonKeyTaken",
    "PersonNotErased",
    "PersonUnknown",
    "SamePerson",
    "TenantRequired",
    "TenantUnknown",
    "TooManyAttempts",
    "Unauthenticated",
    "UserInvitationOver",
    "UserShutOut",
)


class Unauthenticated(Refused):
    """Nobody, or an unknown, expired or revoked key."""

    code = "unauthenticated"
    status = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="Tollbook"'}

    def __init__(
        self,
        detail: str = (
            "Send 'Authorization: Bearer tb_…' (at /xapi the key as the password of HTTP Basic does as well), with a"
            " key that is neither revoked nor expired."
        ),
    ) -> None:
        super().__init__(detail)


class CredentialsWrong(Refused):
    """E-mail or password is wrong; which of them is not told."""

    code = "credentials_wrong"
    status = 401

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong. Try again, or ask an administrator for access.")


class PasswordOff(Refused):
    """The password is right, but the customer lets nobody in by one."""

    code = "password_sign_in_off"
    status = 403

    def __init__(self) -> None:
        super().__init__("Your organisation signs in by its own provider, not by passwords. Use its button.")


class TooManyAttempts(Refused):
    """Guessing is slowed down."""

    code = "too_many_attempts"
    status = 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many attempts with this address. Wait {retry_after_s // 60} minutes and try again.")
        self.retry_after_s = retry_after_s


class CsrfMissing(Refused):
    """A change from a browser without the page's token."""

    code = "csrf_token_missing"
    status = 403

    def __init__(self) -> None:
        super().__init__("The page is out of date. Reload it and send the form again.")


class FormSentBefore(Refused):
    """A page's form came a second time, by a reload or a second click: it was done the first time."""

    code = "form_sent_before"

    def __init__(self) -> None:
        super().__init__(
            "What this form asks for was made when it was sent before; it was not made again. If a secret was shown"
            " then, it is not shown again: replace it by a new one if you did not copy it."
        )


class TenantRequired(Refused):
    """The vendor's key did not say whose data it means."""

    code = "tenant_required"
    status = 400

    def __init__(self) -> None:
        super().__init__("A vendor's key names the tenant in the header 'Tbk-Tenant: <id or slug>'.")


class TenantUnknown(NotFound):
    """There is no such tenant, or it is not the caller's."""

    code = "tenant_unknown"

    def __init__(self, key: object) -> None:
        super().__init__("tenant", key)


class KeyInUse(Refused):
    """A slug, key or e-mail address that must be unique is taken."""

    code = "key_in_use"
    status = 409

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"The {what} '{key}' exists already. Choose another one.")


class UserInvitationOver(Refused):
    """The invitation was used, ran out, or its user was shut out."""

    code = "user_invitation_over"

    def __init__(self) -> None:
        super().__init__("This invitation was used already or ran out. Sign in, or ask for a new one.")


class UserShutOut(Refused):
    """The user may not come in, so that no link is sent."""

    code = "user_shut_out"

    def __init__(self) -> None:
        super().__init__("This user is shut out. Let them in again first.")


class KeyNotYours(Forbidden):
    """Who may not manage users makes and rotates keys for themselves only: a key acts in its user's name."""

    code = "key_not_yours"

    def __init__(self) -> None:
        super().__init__("A key acts in its user's name: make and rotate your own only. You may revoke any.")


class KeyNotActive(Refused):
    """The key is revoked or expired, so that there is nothing to rotate."""

    code = "key_not_active"

    def __init__(self) -> None:
        super().__init__("This key is revoked or has expired. Make a new one.")


class AssignmentInvalid(Refused):
    """Assignments overlap, or name a centre that does not exist then."""

    code = "assignment_invalid"
    status = 422


class AssignmentOverlap(AssignmentInvalid):
    """Two statements about one person cover the same day with other dates."""

    code = "assignment_overlap"


class CostCentreUnknown(AssignmentInvalid):
    """The centre does not exist on the first day of the assignment."""

    code = "cost_centre_unknown"


class CostCentreCycle(AssignmentInvalid):
    """The parents of a centre lead back to it."""

    code = "cost_centre_cycle"


class ClockGoesBack(Refused):
    """A test clock moves forwards only."""

    code = "clock_goes_back"
    status = 409


class IdempotencyConflict(Refused):
    """The same Idempotency-Key came with another request, or its first request is still running."""

    code = "idempotency_conflict"
    status = 409


class PersonUnknown(NotFound):
    """Nobody is known by that name, or several have that e-mail address."""

    code = "person_unknown"

    def __init__(self, key: str, *, several: bool = False) -> None:
        told = (
            f"Several people here have the address '{key}'. Use the id of the one you mean, or a key by which events"
            " name them."
            if several
            else f"Nobody is called '{key}' here. Use an id, a key by which events name the person, or an e-mail"
            " address."
        )
        Refused.__init__(self, told)


class PersonNotErased(PersonUnknown):
    """There is nobody of that name who was erased."""

    def __init__(self, key: str) -> None:
        Refused.__init__(self, f"Nobody called '{key}' was erased here. Use the id or the pseudonym of who was.")


class PersonErasedBefore(Refused):
    """The person was erased before: nothing is left that could be."""

    code = "person_erased"

    def __init__(self, pseudonym: str) -> None:
        super().__init__(f"This person was erased already and is called {pseudonym} since. There is nothing to do.")


class PersonKeyTaken(Refused):
    """A key belongs to somebody else: who they are is said by a merge, never by a second key."""

    code = "person_key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(f"'{key}' is the key of another person. Merge the two if they are one.")


class SamePerson(Refused):
    """The two are one person already."""

    code = "same_person"

    def __init__(self, key: str, into: str) -> None:
        super().__init__(f"'{key}' and '{into}' are one person already. Nothing is to be done.")


class NotMerged(Refused):
    """The person is nobody else."""

    code = "not_merged"

    def __init__(self, key: str) -> None:
        super().__init__(f"'{key}' was not merged with anybody, or that was taken back. Nothing is to be done.")
