"""What licensing refuses, each with its stable code."""

from datetime import datetime

from core.errors import InvalidInput, NotFound, Refused
from plans.entitlements import Reason
from plans.licensing.quotas import Quota

__all__ = (
    "BorrowTooLong",
    "CustomerSuspended",
    "LeaseKeyTaken",
    "LeaseOver",
    "LeaseUnknown",
    "LeasesBusy",
    "LicenceInvalid",
    "LicenceNotGranted",
    "LicenceUnknown",
    "NotEntitled",
    "PersonInactive",
    "PoolFull",
    "PoolInvalid",
    "PoolKeyTaken",
    "PoolUnknown",
    "QuotaKeyTaken",
    "QuotaMeasured",
    "QuotaUsedUp",
)


class PoolUnknown(NotFound):
    """There is no such pool, or it is another tenant's."""

    def __init__(self, key: str) -> None:
        super().__init__("pool", key)


class PoolInvalid(InvalidInput):
    """The rules of a pool contradict each other; each fault is listed."""

    code = "pool_invalid"


class PoolKeyTaken(Refused):
    """The key names another pool already."""

    code = "pool_key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is a pool '{key}' with other rules already. Change that one, or use another key.")


class PoolFull(Refused):
    """Nobody is let in at this moment; the denial is stored and `reason` in the sentence says which limit it was."""

    code = "pool_full"

    def __init__(self, pool: str, why: str, then: str = "Try again when somebody has left.") -> None:
        super().__init__(f"The pool '{pool}' lets nobody in now: {why}. {then}")


class BorrowTooLong(Refused):
    """An offline grant longer than the pool allows."""

    code = "borrow_too_long"
    status = 422

    def __init__(self, pool: str, borrow_s: int, longest_s: int) -> None:
        if longest_s:
            text = f"gives no offline grant of {borrow_s} s. Ask for at most {longest_s} s (its borrow_max_s)."
        else:
            text = "gives no offline grants. Leave borrow_s out, or let its rules allow them (borrow_max_s)."
        super().__init__(f"The pool '{pool}' {text}")


class CustomerSuspended(Refused):
    """The customer is suspended or closed: nobody is let in, and who is in is not held on."""

    code = Reason.SUSPENDED.value

    def __init__(self, tenant: str) -> None:
        super().__init__(
            f"The customer '{tenant}' is suspended or closed. Ask the vendor to activate it, then try again."
        )


class LeaseKeyTaken(Refused):
    """The client key has another person's seat, lingering or not."""

    code = "lease_key_taken"

    def __init__(self, client_key: str) -> None:
        super().__init__(f"The client key '{client_key}' has another person's seat. Use a key of your own.")


class LeaseUnknown(NotFound):
    """There is no such lease, or it is another tenant's."""

    def __init__(self, lease_id: object) -> None:
        super().__init__("lease", lease_id)


class LeaseOver(Refused):
    """The lease was released, or its client key has a newer one: it cannot be held on."""

    code = "lease_over"

    def __init__(self, lease_id: object) -> None:
        super().__init__(f"The lease '{lease_id}' is over. Check out again with POST /v1/pools/…/leases.")


class LeasesBusy(Refused):
    """Too many requests about leases wait in this process already."""

    code = "leases_busy"
    status = 429
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("Too many requests wait here. Send the same request again in a second: it is safe.")


class LicenceUnknown(NotFound):
    """There is no such licence file, or it is another tenant's."""

    def __init__(self, licence_id: object) -> None:
        super().__init__("licence file", licence_id)


class LicenceInvalid(InvalidInput):
    """What a licence file should state cannot be stated; each fault is listed."""

    code = "licence_invalid"


class LicenceNotGranted(Refused):
    """No contract grants anything at the start of the wished validity."""

    code = "licence_not_granted"

    def __init__(self, at: datetime) -> None:
        super().__init__(
            f"No contract that runs at {at.isoformat()} was named or found, or it is at rest then."
            " Name one in `subscription`, or choose a `valid_from` within its life."
        )


class NotEntitled(Refused):
    """The feature is not granted; the sentence names the reason that GET /v1/entitlements tells."""

    code = "not_entitled"

    def __init__(self, feature: str, reason: str) -> None:
        super().__init__(f"'{feature}' is not granted: {reason}. See GET /v1/entitlements/{feature}.", reason=reason)


class PersonInactive(Refused):
    """The person has left, and nobody who has left gets a seat."""

    code = "person_inactive"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has left. Activate the person in the directory first, or name somebody else.")


class QuotaMeasured(Refused):
    """The feature is used up by facts, which a meter counts; it is not used up by request."""

    code = "quota_measured"

    def __init__(self, feature: str, meter: str) -> None:
        super().__init__(
            f"'{feature}' is measured by '{meter}': send its events, and ask GET /v1/entitlements/{feature}."
        )


class QuotaUsedUp(Refused):
    """So much does not fit into what is left of this billing period's limit; nothing was used."""

    code = "limit_reached"

    def __init__(self, quota: Quota, quantity: int) -> None:
        super().__init__(
            f"{quantity} of '{quota.feature}' do not fit: {quota.used} of {quota.limit} are used until"
            f" {quota.ends_at.isoformat()}. Ask for at most {quota.left}, or change the contract."
        )


class QuotaKeyTaken(Refused):
    """The client key was used for another quantity of the same feature."""

    code = "quota_key_taken"

    def __init__(self, client_key: str, quantity: int) -> None:
        super().__init__(f"The client key '{client_key}' was used for a quantity of {quantity}. Use a key of your own.")
