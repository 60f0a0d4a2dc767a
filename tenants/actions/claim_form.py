"""A form that makes something is done once: a reload or a second click sends the very same one again."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.errors import FormSentBefore
from tenants.principal import Principal
from tenants.store import claim_idempotency_key

__all__ = ("ONCE", "claim_form")

ONCE = "once"
"""The field with the id that a form was shown with."""


def claim_form(
    session: Session, tenant_id: UUID, principal: Principal, route: str, said: Mapping[str, str], now: datetime
) -> None:
    """Claim a form for this transaction; one that has no id is done whenever it is sent.

    What is claimed is the id with all that the form says: somebody who goes back to it in the browser and
    asks for something else sends the same id again, and means another thing. Unlike an `Idempotency-Key` it
    keeps no answer, for a page would show a secret a second time.

    Args:
        session: in the scope of `tenant_id`; where it is rolled back, the form may be sent again.
        tenant_id: about whom the page is.
        principal: who sends it.
        route: to which address.
        said: the fields as they were sent.
        now: the instant, by which the claim is forgotten after 30 days.

    Raises:
        FormSentBefore: the same form was sent before, or is being done (`form_sent_before`).
    """
    if not said.get(ONCE):
        return
    # Who signs in anew has another token; the form is the same.
    fields = sorted((name, text) for name, text in said.items() if name != "csrf_token")
    digest = hashlib.sha256(json.dumps([str(principal.user_id), fields]).encode())
    row = {
        "tenant_id": tenant_id, "key": f"form {digest.hexdigest()}", "route": route,
        "request_hash": digest.digest(), "scopes": [], "created_at": now,
    }  # fmt: skip
    if not claim_idempotency_key(session, row):
        raise FormSentBefore
