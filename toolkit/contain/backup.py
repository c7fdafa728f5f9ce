"""All inbox rules of a mailbox as a file of the case, written before any cmdlet touches one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from toolkit.case import Case
from toolkit.case.catalog import write_atomically
from toolkit.contain.ledger import BACKUP
from toolkit.contain.target import Target


def back_up_rules(case: Case, target: Target, run_id: str, rules: list[dict[str, Any]]) -> None:
    """Write `<case>/containment/rules-<run>.json` and its SHA-256 into the journal.

    It is what an analyst rebuilds a rule from: Exchange deletes client-side rules for good.
    """
    folder = case.folder / "containment"
    folder.mkdir(exist_ok=True)
    data = json.dumps({"mailbox": target.named, "rules": rules}, indent=1).encode()
    file = folder / f"rules-{run_id}.json"
    write_atomically(file, data)
    case.journal.append(
        BACKUP,
        practice=case.practice,
        run=run_id,
        target=target.named,
        file=file.relative_to(case.folder).as_posix(),
        sha256=hashlib.sha256(data).hexdigest(),
        rules=len(rules),
    )
