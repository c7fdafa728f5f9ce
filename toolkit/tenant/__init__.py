"""A Microsoft 365 tenant: clouds, sign-in, one HTTP session with the write gate, one module per API."""

from toolkit.tenant.answers import Answer, Rows
from toolkit.tenant.clouds import CLOUDS, Cloud
from toolkit.tenant.connection import Tenant, connect
from toolkit.tenant.gate import Approval, Call, Gate
from toolkit.tenant.person import PracticeTokenSource
from toolkit.tenant.preflight import Preflight, preflight
from toolkit.tenant.secret import Secret
from toolkit.tenant.sign_in import sign_in
from toolkit.tenant.tokens import Operator, TokenSource

__all__ = [
    "CLOUDS",
    "Answer",
    "Approval",
    "Call",
    "Cloud",
    "Gate",
    "Operator",
    "PracticeTokenSource",
    "Preflight",
    "Rows",
    "Secret",
    "Tenant",
    "TokenSource",
    "connect",
    "preflight",
    "sign_in",
]
