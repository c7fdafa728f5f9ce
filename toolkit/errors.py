"""Every error a user can meet, in one tree.

::

    ToolkitError                     one clear sentence: what, where, what to do
    ├── UsageError                   the call or command cannot mean anything sensible
    ├── CaseError                    the case folder
    │   ├── CaseNotFound             no case there, and none was asked to be made
    │   ├── CaseBusy                 another process is writing; try again
    │   └── CaseDamaged              a hash or a file of the case is not what its journal says
    ├── EvidenceError                a file that cannot be read as evidence at all
    ├── TenantError                  talking to Microsoft 365 (or the practice tenant)
    │   ├── SignInFailed             no token: refused, expired
    │   │   └── NotConsented         no token for one service, though somebody is signed in
    │   ├── TenantUnreachable        no answer at all, or the connection broke
    │   │   └── NothingSent          no connection could be made, so nothing can have been changed
    │   ├── TenantAnswer             an answer that is an error (status, code, text, request id)
    │   └── WriteRefused             a request that would change the tenant came without an approval
    ├── ContainmentError             planning or running containment
    │   ├── GuardRefused             this account must not, or cannot, be changed this way
    │   └── PlanChanged              what was previewed is no longer so; read it again
    └── PracticeError                the practice tenant

Texts never carry tokens, passwords or request bodies.
"""

from __future__ import annotations


class ToolkitError(Exception):
    """Base of all errors meant for a person to read: `str(error)` is one clear sentence."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows this in place of a traceback: the sentence says all there is to know."""
        return [str(self)]


class UsageError(ToolkitError):
    """The call or command cannot mean anything sensible."""


class CaseError(ToolkitError):
    """Something about the case folder."""


class CaseNotFound(CaseError):
    """There is no case in the folder, and none was asked to be made."""


class CaseBusy(CaseError):
    """Another process holds the case's write lock."""


class CaseDamaged(CaseError):
    """A file or a hash of the case is not what its journal says."""


class EvidenceError(ToolkitError):
    """A file cannot be read as evidence at all."""


class TenantError(ToolkitError):
    """Talking to Microsoft 365, or to the practice tenant, went wrong."""


class SignInFailed(TenantError):
    """No token could be had."""


class NotConsented(SignInFailed):
    """Somebody is signed in, and one service gives them no token: nobody consented to it, or it was declined."""


class TenantUnreachable(TenantError):
    """No answer came, or the connection broke before it was whole."""


class NothingSent(TenantUnreachable):
    """No connection could be made: the request never left, so nothing can have been changed."""


class TenantAnswer(TenantError):
    """The service answered with an error.

    `status` is the HTTP status, `code` the service's own code ("" if none), `request_id` what Microsoft's
    support asks for ("" if none), `wait` the seconds that it asks to wait before the next attempt, if it does.
    """

    def __init__(
        self, text: str, *, status: int, code: str = "", request_id: str = "", wait: float | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.wait = wait


class WriteRefused(TenantError):
    """A request that would change the tenant was stopped: it carried no approval by a person."""


class ContainmentError(ToolkitError):
    """Planning or running containment."""


class GuardRefused(ContainmentError):
    """The account must not, or cannot, be changed this way; the text says why."""


class PlanChanged(ContainmentError):
    """The state is no longer what the preview showed; nothing was sent."""


class PracticeError(ToolkitError):
    """The practice tenant could not start or be used."""
