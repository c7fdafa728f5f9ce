"""What every road is: where it leads, what it needs, and one pull of one window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from toolkit.collect.marks import Mark
from toolkit.collect.pull import Asked, Pages, Pull, Stopped
from toolkit.collect.window import DAY
from toolkit.errors import TenantAnswer
from toolkit.tenant import Tenant
from toolkit.tenant.paging import ENDLESS

Halted = Callable[[], bool]
# Statuses with which a service says that it does not offer something here, rather than that it failed. A 401 is not
# among them: it may be a token that ran out on the way.
NOT_OFFERED = (403, 404, 405, 501)


@dataclass(frozen=True)
class Options:
    """What only a person can say: a Log Analytics `workspace` (its GUID), and `apps` by their application ids.

    `started` is what the case's journal knows: content types of the activity feed, and when each was subscribed to.
    """

    workspace: str = ""
    apps: tuple[str, ...] = ()
    started: tuple[tuple[str, datetime], ...] = ()


NO_OPTIONS = Options()


class Road(ABC):
    """One way to one source. `source` names what is fetched, `name` the API; `longest` is the widest window it takes.

    `reach` says how far back it can go (None: as far as is kept); `confirms` whether a second pull tells anything
    new, which it does wherever paging or capping can lose records. `once` is set where there are no windows: the span
    that is asked for in one piece, with the newest windows. `everybody`: it is about the organisation, not an account.
    `alone`: its service takes one call at a time, so its windows wait for each other and not for or before those of
    other roads.
    """

    source: ClassVar[str]
    name: ClassVar[str]
    table: ClassVar[str]
    permission: ClassVar[str]
    longest: ClassVar[timedelta] = DAY
    reach: ClassVar[timedelta | None] = None
    confirms: ClassVar[bool] = True
    once: ClassVar[timedelta | None] = None
    everybody: ClassVar[bool] = False
    alone: ClassVar[bool] = False

    def __init__(self, options: Options = NO_OPTIONS) -> None:
        self.options = options

    @property
    def wanted(self) -> bool:
        """Whether it is gone at all: some roads need something that a person names first."""
        return True

    def cannot(self, mark: Mark) -> str:
        """Why it cannot look for a mark in everybody's records; "" where it can."""
        return ""

    @abstractmethod
    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        """Ask for one window and keep its pages.

        Raises:
            Stopped: a person stopped the collection.
            NotConsented: whoever signed in gets no token for the service.
            TenantError: the service could not be asked.
        """


def halt_if(halted: Halted) -> None:
    """Raise `Stopped` if a person asked for it."""
    if halted():
        raise Stopped("Stopped; what was received is kept, and the same command goes on from there.")


def without_end(error: TenantAnswer) -> bool:
    """Whether the pages of a list had no end: asking again at once would end the same way."""
    return error.code == ENDLESS


def not_offered(error: TenantAnswer) -> bool:
    """Whether an answer means that the tenant, the licence or the role does not offer this."""
    return error.status in NOT_OFFERED
