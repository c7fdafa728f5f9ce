"""Containment: a plan of actions that are previewed, confirmed, run once, read back, journalled and undoable."""

from toolkit.contain.confirm import Confirmation, confirm
from toolkit.contain.doors import Door, doors, look_at_doors
from toolkit.contain.emergency import Stopped, stop, stop_plan
from toolkit.contain.from_findings import suspicion_from
from toolkit.contain.guards import break_glass, confirm_tenant, tenant_question
from toolkit.contain.ledger import Record, records
from toolkit.contain.legitimate import Said, said_legitimate, say_legitimate, take_legitimate_back
from toolkit.contain.offers import Offer
from toolkit.contain.plan import Plan, Step, call_text, make_plan, moved, outline, why_not_moved
from toolkit.contain.plan_file import approved_plan, digest_of, read_plan, steps_in, write_plan
from toolkit.contain.powershell import script
from toolkit.contain.run import record_shown, run, undo
from toolkit.contain.runlock import running_elsewhere
from toolkit.contain.sending import Outcome
from toolkit.contain.settle import settle
from toolkit.contain.suspicion import Suspicion
from toolkit.contain.target import Target, resolve
from toolkit.contain.watch import Watch, watch
from toolkit.contain.way_back import make_return_plan, make_sender_plan

__all__ = [
    "Confirmation",
    "Door",
    "Offer",
    "Outcome",
    "Plan",
    "Record",
    "Said",
    "Step",
    "Stopped",
    "Suspicion",
    "Target",
    "Watch",
    "approved_plan",
    "break_glass",
    "call_text",
    "confirm",
    "confirm_tenant",
    "digest_of",
    "doors",
    "look_at_doors",
    "make_plan",
    "make_return_plan",
    "make_sender_plan",
    "moved",
    "outline",
    "read_plan",
    "record_shown",
    "records",
    "resolve",
    "run",
    "running_elsewhere",
    "said_legitimate",
    "say_legitimate",
    "script",
    "settle",
    "steps_in",
    "stop",
    "stop_plan",
    "suspicion_from",
    "take_legitimate_back",
    "tenant_question",
    "undo",
    "watch",
    "why_not_moved",
    "write_plan",
]
