"""Keeping a sign-in for the next time, only when asked, and only encrypted by the computer's own key store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

IN_MEMORY = "The sign-in is kept in memory only and ends with this program"


def remembered(file: Path) -> tuple[Any, str]:
    """A token cache that is written to `file`, encrypted, and a sentence that says so.

    Where the computer has no key store, or the package for it is missing, it is (None, the reason): the sign-in then
    stays in memory. It is never written as plain text.
    """
    try:
        from msal_extensions import PersistedTokenCache, build_encrypted_persistence
    except ImportError:
        return None, f"{IN_MEMORY}: to keep it, install the extra `keep-sign-in` (package msal-extensions)."
    reason = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        store = build_encrypted_persistence(str(file))
        if not getattr(store, "is_encrypted", False):
            reason = "this computer's key store does not encrypt"
        else:
            return PersistedTokenCache(store), f"The sign-in is kept encrypted in {file}; `sign_out()` forgets it."
    except Exception as error:  # noqa: BLE001 each platform's key store has errors of its own
        reason = f"this computer offers no key store ({type(error).__name__})"
    return None, f"{IN_MEMORY}: {reason}."
