"""Containment: a plan of actions that are previewed, confirmed, run once, read back, journalled and undoable."""

from toolkit.contain.confirm import Confirmation, confirm
from toolkit.contain.doors import Door, doors
from toolkit.contain.guards import break_glass, confirm_tenant, tenant_question
from toolkit.contain.ledger import Record, records
from toolkit.contain.plan import InboxRule, Plan, Step, call_text, make_plan, outline
from toolkit.contain.run import record_shown, run, undo
from toolkit.contain.sending import Outcome
from toolkit.contain.settle import settle
from toolkit.contain.target import Target, resolve

__all__ = [
    "Confirmation",
    "Door",
    "InboxRule",
    "Outcome",
    "Plan",
    "Record",
    "Step",
    "Target",
    "break_glass",
    "call_text",
    "confirm",
    "confirm_tenant",
    "doors",
    "make_plan",
    "outline",
    "record_shown",
    "records",
    "resolve",
    "run",
    "settle",
    "tenant_question",
    "undo",
]
