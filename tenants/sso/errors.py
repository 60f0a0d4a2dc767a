"""Refusals about sign-in by a provider."""

from core.errors import Forbidden, NotFound, Refused

__all__ = (
    "AttemptInvalid",
    "CodeRefused",
    "NobodyCouldSignIn",
    "NotSetUp",
    "ProviderInvalid",
    "ProviderRefused",
    "ProviderUnreachable",
    "RoleMissing",
    "TokenInvalid",
    "UserInactive",
    "UserUnknown",
)


class NotSetUp(NotFound):
    """The customer has no provider, or it is switched off."""

    code = "sso_not_set_up"

    def __init__(self, slug: str) -> None:
        super().__init__("sign-in by a provider for", slug)
        self.detail = f"There is no single sign-on for '{slug}'. Sign in with a password, or ask an administrator."


class AttemptInvalid(Refused):
    """The provider's answer belongs to no sign-in that this browser began within the last ten minutes."""

    code = "sso_attempt_invalid"
    status = 400

    def __init__(self) -> None:
        super().__init__("This sign-in was not begun in this browser, is over, or took too long. Begin it again here.")


class ProviderRefused(Refused):
    """The provider let nobody in: it answered with an error instead of a code."""

    code = "sso_provider_refused"
    status = 403


class ProviderUnreachable(Refused):
    """The provider does not answer, answers too late, or stands where it must not be called."""

    code = "sso_provider_unreachable"
    status = 502


class ProviderInvalid(Refused):
    """What the provider publishes about itself, or answers, is not what OpenID Connect asks for."""

    code = "sso_provider_invalid"
    status = 502


class CodeRefused(Refused):
    """The provider did not exchange the code: it was used before, or the client's secret is wrong."""

    code = "sso_code_refused"
    status = 401

    def __init__(self, detail: str, error: str) -> None:
        super().__init__(detail)
        self.error = error
        """The provider's own code (RFC 6749, 5.2)."""


class TokenInvalid(Refused):
    """The id_token proves nobody: forged, expired, for another client or another sign-in."""

    code = "sso_token_invalid"
    status = 401

    def __init__(self, reason: str) -> None:
        super().__init__(f"The provider's token was not accepted: {reason}. Begin again; if it stays, tell your IT.")


class UserUnknown(Forbidden):
    """The provider knows them, and there is no user here for them."""

    code = "sso_user_unknown"


class UserInactive(Forbidden):
    """They were shut out here, or have left."""

    code = "sso_user_inactive"

    def __init__(self) -> None:
        super().__init__("Your access here has ended. Ask an administrator if that is a mistake.")


class RoleMissing(Forbidden):
    """None of the groups that the provider names gives a role here."""

    code = "sso_role_missing"


class NobodyCouldSignIn(Refused):
    """With that change no administrator of the customer could sign in any more."""

    code = "sso_nobody_could_sign_in"
