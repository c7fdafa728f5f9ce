"""What no call of ours does, one sentence each, with what the snapshot and the evidence already say about it."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit import engine
from toolkit.case import Case
from toolkit.contain.readings import APPLICATION, ELSEWHERE, FOR_EVERYBODY
from toolkit.contain.snapshot import Snapshot
from toolkit.contain.suspicion import Suspicion

APP_PASSWORDS = (
    "App passwords: no call lists or deletes them. In the Entra portal, per-user MFA, the account's settings: "
    "“Delete all existing app passwords”. Closing the old protocols makes them useless meanwhile."
)
RIGHTS = "Rights on other mailboxes, which whoever used the account had too"
CONSENTS = "Consents for everybody, which no list of the account has"
ENTRA = "the Entra admin centre, Enterprise applications, Permissions"
LINKS = "Sharing links made in the time of the intruder"
FLOWS = "Flows made in the time of the intruder: look in the Power Automate admin centre; no call lists them here."
FORMS = (
    "Outlook forms, and client rules that start a program: no call shows them; look in Outlook on your own computer."
)
WITHOUT_SNAPSHOT = (
    APP_PASSWORDS,
    f"{RIGHTS}: look in the Exchange admin centre.",
    f"{CONSENTS}: look in {ENTRA}.",
    f"{LINKS}: look in OneDrive and SharePoint.",
    FLOWS,
    FORMS,
)
# Operations of the audit log that open a file to others.
OPENED = (
    *("AnonymousLinkCreated", "AnonymousLinkUpdated", "CompanyLinkCreated", "SecureLinkCreated", "AddedToSecureLink"),
    *("SharingSet", "SharingInvitationCreated"),
)
SHOWN = 20


def hand_work(case: Case, snapshot: Snapshot, suspicion: Suspicion) -> list[str]:
    """What is left to a person about this account, in the order of the playbook."""
    consents = _for_everybody(snapshot, suspicion)
    return [APP_PASSWORDS, _rights(snapshot), consents, *_links(case, snapshot, suspicion), FLOWS, FORMS]


def _rights(snapshot: Snapshot) -> str:
    rows = snapshot.rows(ELSEWHERE)
    unread = snapshot.problems.get(ELSEWHERE, "look in the Exchange admin centre")
    if ELSEWHERE not in snapshot.found and not rows:
        return f"{RIGHTS}. Not read: {unread}"
    if not rows:
        return "Rights that the account has on other mailboxes: none was found."
    told = [f"{row['Right']} {row['Mailbox']}" for row in rows[:SHOWN]]
    more = f", and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    rest = "" if ELSEWHERE in snapshot.found else f" There may be others: {unread}"
    return f"{RIGHTS}: {', '.join(told)}{more}. Look what was read and sent there.{rest}"


def _for_everybody(snapshot: Snapshot, suspicion: Suspicion) -> str:
    """The consents for everybody that a finding names, or that the case's audit log has since the intruder came.

    The service does not say when one was given; of the others that is not known.
    """
    if FOR_EVERYBODY not in snapshot.found:
        return f"{CONSENTS}. Not read: {snapshot.problems.get(FOR_EVERYBODY, f'look in {ENTRA}')}"
    rows = snapshot.rows(FOR_EVERYBODY)
    if not rows:
        return "Consents for everybody in the organisation: there are none."
    told = []
    for row in rows:
        if why := suspicion.consented(row):
            name = (row.get(APPLICATION) or {}).get("displayName") or row.get("clientId")
            told.append(f"“{name}” ({str(row.get('scope') or '').strip() or 'no scope'}; {why})")
    rest = len(rows) - len(told)
    others = f"{rest}{' more' if told else ''} of which nothing in this case tells when they were given" if rest else ""
    more = f"and {len(told) - SHOWN} more of these" if len(told) > SHOWN else ""
    listed = "; ".join(filter(None, [*told[:SHOWN], more, others]))
    return f"{CONSENTS}, to be judged in {ENTRA}, before you take the step that removes one: {listed}."


def _links(case: Case, snapshot: Snapshot, suspicion: Suspicion) -> Iterator[str]:
    """The links that the account made since the intruder may have come, as the case's audit log has them."""
    log = case.sql(
        "SELECT count(*) AS n, max(time) AS last FROM audit WHERE lower(workload) IN ('sharepoint', 'onedrive')"
    )
    if not int(log.n[0]):
        yield f"{LINKS}: this case has no audit records of SharePoint and OneDrive; look there."
        return
    name = engine.text(snapshot.target.user_principal_name.lower())
    made = ", ".join(engine.text(operation.lower()) for operation in OPENED)
    since = f"AND time >= {engine.text(suspicion.since.isoformat())}::TIMESTAMPTZ" if suspicion.since else ""
    found = case.sql(
        f"SELECT time, operation, object_id FROM audit WHERE lower(operation) IN ({made}) "
        f"AND lower(user_principal_name) = {name} {since} ORDER BY time"
    )
    until = f"the audit log of this case ends at {log['last'][0]:%Y-%m-%d %H:%M} UTC"
    if found.empty:
        yield f"{LINKS}: none by this account in the evidence; {until}. Look in OneDrive for later ones."
        return
    told = [f"{row.time:%Y-%m-%d %H:%M} {row.operation} {row.object_id}" for row in found.head(SHOWN).itertuples()]
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    yield f"{LINKS}, to be removed in OneDrive or SharePoint ({until}): {'; '.join(told)}{more}."
