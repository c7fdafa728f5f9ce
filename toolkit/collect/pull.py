"""One pull of one window: the pages as they came, and whether they are all there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from toolkit.collect.marks import Mark
from toolkit.collect.window import Window
from toolkit.errors import ToolkitError


class Stopped(ToolkitError):
    """A person stopped the collection; what was received is kept."""


@dataclass
class Pull:
    """What asking for a window came to.

    `ids` are the records' own ids, `received` counts records with doubles, `expected` is what the service says there
    are (None where it does not say). `whole` is true only where every page came and the counts agree; otherwise
    `reason` says what is missing. Of a whole pull `reason` is what a reader should know of it, if anything.
    `available` is false where the tenant, licence or role does not offer it. `proven` is false where every part that
    can be named came whole, and nothing says that there are no others: asking once more cannot make that complete,
    only another road can; `reason` says so. `narrow` is true where whoever signed in may see only a part of the
    source, or only a part was asked for; `reason` says which. `hopeless` is set where asking again at once
    would end in the same way.
    """

    ids: set[str] = field(default_factory=set)
    received: int = 0
    expected: int | None = None
    whole: bool = True
    reason: str = ""
    available: bool = True
    splits: int = 0
    proven: bool = True
    narrow: bool = False
    hopeless: bool = False

    def add(self, other: Pull) -> None:
        """Take in the pull of a part of the window."""
        self.ids |= other.ids
        self.received += other.received
        if other.expected is not None:
            self.expected = (self.expected or 0) + other.expected
        self.splits += other.splits
        self.proven = self.proven and other.proven
        self.narrow = self.narrow or other.narrow
        self.hopeless = self.hopeless or other.hopeless
        if not other.whole:
            self.whole, self.reason = False, other.reason if self.whole else self.reason or other.reason
        elif self.whole:
            self.reason = self.reason or other.reason
        if not other.available:
            self.available, self.reason = False, other.reason

    @classmethod
    def failed(cls, reason: str, *, available: bool = True) -> Pull:
        return cls(whole=False, reason=reason, available=available)


class Pages:
    """The pages of one window, byte for byte as they came, one after the other in a file that becomes evidence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        path.unlink(missing_ok=True)

    def add(self, content: bytes) -> None:
        """Keep a page. Pages of an attempt that was given up are kept too: their records are as real."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab") as file:
            file.write(content + b"\n")
        self.count += 1


@dataclass(frozen=True)
class Asked:
    """Whom and when a pull is about: the account's object id and name, and the window.

    `addresses` are its mail addresses, as far as they are known; they may differ from its name.
    With a `mark` it is about everybody's records that have it, and no account; with `words` about everybody's records
    of the audit log that have these somewhere in them. `record_types` and `operations` narrow the audit log down (none:
    all of them), where a window cannot be made shorter. `again`: the window was asked for before, and this is to
    confirm it.
    """

    object_id: str
    user_principal_name: str
    window: Window
    mark: Mark | None = None
    words: str = ""
    record_types: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    again: bool = False

    def within(self, window: Window) -> Asked:
        """The same for another window."""
        return replace(self, window=window)
