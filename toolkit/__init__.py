"""Get an intruder out of a Microsoft 365 mailbox: the door to everything.

`open_case(folder)` opens or makes a case; `load_signins`, `load_audit` and `load_secure_score` read exports into
pandas DataFrames without one; `connect(case)` speaks to a tenant, with the tokens of `sign_in(cloud)`, and
`preflight(tenant)` says what will work there.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.case import Case, open_case
    from toolkit.case.frames import load_audit, load_secure_score, load_signins
    from toolkit.tenant import connect, preflight, sign_in

__version__ = "0.1.0"
__all__ = ["Case", "connect", "load_audit", "load_secure_score", "load_signins", "open_case", "preflight", "sign_in"]

_ROOMS = {
    "Case": "toolkit.case",
    "connect": "toolkit.tenant",
    "load_audit": "toolkit.case.frames",
    "load_secure_score": "toolkit.case.frames",
    "load_signins": "toolkit.case.frames",
    "open_case": "toolkit.case",
    "preflight": "toolkit.tenant",
    "sign_in": "toolkit.tenant",
}


def __getattr__(name: str) -> Any:
    # Lazy: `import toolkit` must not pay for DuckDB, pandas and MSAL before something needs them.
    if name not in _ROOMS:
        raise AttributeError(f"module 'toolkit' has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name]), name)
