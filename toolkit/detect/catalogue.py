"""All detections, in the order of their families."""

from __future__ import annotations

from toolkit.detect import (
    auditing,
    consent,
    forwarding,
    guessing,
    inbox_rules,
    legacy,
    mfa,
    permissions,
    rule_signs,
    sending,
    sessions,
    sign_ins,
    travel,
)
from toolkit.detect.finding import Detection

DETECTIONS: tuple[Detection, ...] = (
    *travel.DETECTIONS,
    *sign_ins.DETECTIONS,
    *legacy.DETECTIONS,
    *guessing.DETECTIONS,
    *sessions.DETECTIONS,
    *mfa.DETECTIONS,
    *consent.DETECTIONS,
    *inbox_rules.DETECTIONS,
    *rule_signs.DETECTIONS,
    *forwarding.DETECTIONS,
    *permissions.DETECTIONS,
    *sending.DETECTIONS,
    *auditing.DETECTIONS,
)
