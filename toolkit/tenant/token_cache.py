"""Keeping a sign-in for the next time, only when asked, and only encrypted by the computer's own key store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from toolkit.tenant.clouds import Cloud

IN_MEMORY = "The sign-in is kept in memory only and ends with this program"


def place_of(cloud: Cloud) -> Path:
    """Where the sign-in to a cloud is kept."""
    return user_data_path("account-compromise-toolkit") / f"sign-in-{cloud.name}.bin"


def forget_all(cache: Any) -> int:
    """Take every token and account out of a cache, of every application; gives how many accounts there were."""
    kinds = {name: kind for name, kind in vars(type(cache).CredentialType).items() if name.isupper()}
    accounts = len(list(cache.search(kinds["ACCOUNT"])))
    for kind in kinds.values():
        for entry in list(cache.search(kind)):
            cache.modify(kind, entry)
    return accounts


def forget_kept(cloud: Cloud) -> str:
    """Forget the sign-in to a cloud that was kept on this computer; a sentence that says what was done."""
    file = place_of(cloud)
    if not file.exists():
        return f"No sign-in to {cloud.title} is kept on this computer."
    cache, said = remembered(file)
    many = forget_all(cache) if cache is not None else 0
    file.unlink(missing_ok=True)
    if cache is None:
        return f"The file with the kept sign-in to {cloud.title} was deleted. ({said})"
    return f"The kept sign-in to {cloud.title} is forgotten ({many} account{'' if many == 1 else 's'})."


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
            said = f"The sign-in is kept encrypted in {file}; `python -m toolkit sign-out` forgets it."
            return PersistedTokenCache(store), said
    except Exception as error:  # noqa: BLE001 each platform's key store has errors of its own
        reason = f"this computer offers no key store ({type(error).__name__})"
    return None, f"{IN_MEMORY}: {reason}."
