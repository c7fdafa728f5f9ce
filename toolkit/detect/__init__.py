"""What looks like an intruder: one module per family; each detection is one documented function."""

from toolkit.detect.finding import Detection, Finding, NotRun
from toolkit.detect.triage import Triage, triage

__all__ = ["Detection", "Finding", "NotRun", "Triage", "triage"]
