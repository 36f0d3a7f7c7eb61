"""What can be wrong with a request. `web/http/errors.py` turns each error into HTTP."""

from mentorship.domain.shared.messages import N_


class ProductError(Exception):
    """A request that cannot be carried out; the message is for the person who made it."""

    @property
    def message(self) -> str:
        """The message; an edge translates it into that person's language."""
        message: str = self.args[0]
        return message


class InvalidInput(ProductError):
    """Something in the request is wrong; nothing was written."""


class NotConfirmed(ProductError):
    """The password is right, but the address of the account has not been confirmed yet."""

    def __init__(self) -> None:
        super().__init__(
            N_("Please confirm your e-mail address first, by the link that we sent you.")
        )


class LinkExpired(InvalidInput):
    """The link has been used, has expired or was not made here; a new one may be sent."""

    def __init__(self) -> None:
        super().__init__(
            N_("This link has expired or has already been used. Please ask for a new one.")
        )


class AlreadyConfirmed(ProductError):
    """The link has already confirmed its address; the person only needs to sign in."""

    def __init__(self) -> None:
        super().__init__(N_("Your address is already confirmed."))


class NotAuthenticated(ProductError):
    """The request needs somebody to be signed in."""

    def __init__(self) -> None:
        super().__init__(N_("Please sign in first."))


class PasswordNeeded(ProductError):
    """The viewer must enter their password again first."""

    def __init__(
        self,
        message: str = N_("Your sign-in is older than 15 minutes. Please sign in again first."),
    ) -> None:
        super().__init__(message)


class WrongPassword(PasswordNeeded):
    """The password entered again is wrong."""

    def __init__(self) -> None:
        super().__init__(N_("That password is wrong."))


class BadSignature(ProductError):
    """The signature of a program's call is invalid, expired or already used."""

    def __init__(self) -> None:
        super().__init__(N_("The signature is invalid, expired or already used."))


class Unauthorized(ProductError):
    """The bearer secret is missing or wrong."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class NotFound(ProductError):
    """There is no such thing, or the viewer may not see it; the message says what is missing."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class Forbidden(ProductError):
    """The viewer's role may not do this."""


class Conflict(ProductError):
    """The session is in a state that does not allow this; `status` and `is_delayed` say which."""

    def __init__(self, message: str, *, status: str, is_delayed: bool) -> None:
        super().__init__(message)
        self.status = status
        self.is_delayed = is_delayed


class TooManyBookings(ProductError):
    """The student has reached the limit of upcoming sessions."""


class KeyReused(ProductError):
    """The `Idempotency-Key` was used before, with a different request."""

    def __init__(self) -> None:
        super().__init__(N_("This Idempotency-Key has already been used for a different request."))


class RateLimited(ProductError):
    """A rate limit is used up; `retry_after` is in whole seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyChanges(RateLimited):
    """One person made more changes than anyone makes by hand."""


class Unavailable(ProductError):
    """A part of the service is turned off or cannot be reached."""
