"""What can be wrong with a request, in words for people. `web.errors` turns each into HTTP."""

from mentorship.domain.shared.messages import N_


class ProductError(Exception):
    """A request that cannot be carried out; the message is a sentence for the person who asked."""

    @property
    def message(self) -> str:
        """The message, which an edge can say in the language of that person."""
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
    """The link was used, is too old, or was not made here; there may be a new one."""

    def __init__(self) -> None:
        super().__init__(N_("This link has expired or was used already. Please ask for a new one."))


class AlreadyConfirmed(ProductError):
    """The link has confirmed its address before; there is nothing left to do but sign in."""

    def __init__(self) -> None:
        super().__init__(N_("Your address is confirmed already."))


class NotAuthenticated(ProductError):
    """The request needs somebody to be signed in."""

    def __init__(self) -> None:
        super().__init__(N_("Please sign in first."))


class PasswordNeeded(ProductError):
    """Somebody signed in must give the password again before this is done."""

    def __init__(
        self,
        message: str = N_("Your sign-in is older than 15 minutes. Please sign in again first."),
    ) -> None:
        super().__init__(message)


class WrongPassword(PasswordNeeded):
    """The password that was given again is not the right one."""

    def __init__(self) -> None:
        super().__init__(N_("The password is not right."))


class BadSignature(ProductError):
    """A program's call is not signed by whom we know, is too old, or came before."""

    def __init__(self) -> None:
        super().__init__(N_("This call is not signed rightly, is too old, or came before."))


class Unauthorized(ProductError):
    """The bearer secret is missing or wrong."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class NotFound(ProductError):
    """There is no such thing, or it is none of the viewer's business; the sentence says which."""

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
    """The student has as many sessions to come as one may have."""


class KeyReused(ProductError):
    """The `Idempotency-Key` came before with a request that asked for something else."""

    def __init__(self) -> None:
        super().__init__(N_("This Idempotency-Key was used for a different request before."))


class RateLimited(ProductError):
    """A rate limit is used up; `retry_after` is in whole seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyChanges(RateLimited):
    """One person made more changes than anybody makes by hand."""


class Unavailable(ProductError):
    """A part of the service is switched off or cannot be reached now."""
