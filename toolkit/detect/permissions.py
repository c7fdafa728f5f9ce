"""Rights on mailboxes given to others: a second way in that no change of password closes.

Source: MITRE ATT&CK T1098.002; Add-MailboxPermission, Add-RecipientPermission, Set-Mailbox, folder permissions.
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.cmdlets import all_parameters, candidates, changed_object, run, whose
from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement, raised
from toolkit.detect.records import succeeded, truth
from toolkit.detect.words import listed, short, text
from toolkit.enrich.folders import meaning

FULL = ("fullaccess", "readpermission", "changeowner")
# Roles of the cmdlets that let one read, and the single right: ReadItems there, ReadAny in Outlook
READS = {"reviewer", "author", "editor", "owner", "publishingauthor", "publishingeditor", "noneditingauthor"}
READS |= {"readitems", "readany"}
FULL_ACCESS = ("add-mailboxpermission",)
SEND_AS = ("add-recipientpermission", "updatecalendardelegation", "set-mailbox")
FOLDER_CMDLETS = ("add-mailboxfolderpermission", "set-mailboxfolderpermission")
FOLDER_IN_OUTLOOK = ("addfolderpermissions", "modifyfolderpermissions", "updatefolderpermissions")
PUBLISH = ("set-mailboxcalendarfolder",)
ROLES = ("new-managementroleassignment", "new-rolegroup", "add-rolegroupmember")
EVERYBODY = ("default", "anonymous", "everyone")


def full_access(evidence: Evidence) -> ir.Table:
    """DG-01: Add-MailboxPermission that lets somebody open a whole mailbox."""
    return run(evidence, FULL_ACCESS)


def judge_full_access(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    given = [p for p in all_parameters(rows) if any(f in p.get("accessrights", "").lower() for f in FULL)]
    given = [p for p in given if "self" not in p.get("user", "").lower().split("\\")[-1:]]
    if not given:
        return None
    mailbox, actor = changed_object(rows), rows.user.iloc[0]
    to = [_recipient(p.get("user", "")) for p in given]
    severity = "high"
    summary = f"{listed(to)} may now open the whole mailbox of {mailbox}. It was given by {actor}."
    if any(truth(p.get("automapping")) is False for p in given):
        severity = raised(severity)
        summary += " It was set so that it does not appear by itself in the other person's Outlook."
    return Judgement(severity, summary, involved=_involved(mailbox, *to))


def send_as(evidence: Evidence) -> ir.Table:
    """DG-02: the right to send as or on behalf of a mailbox given to somebody."""
    one = run(evidence, SEND_AS[:2])
    return one.union(run(evidence, SEND_AS[2:], ["GrantSendOnBehalfTo"]))


def judge_send_as(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    how = "as"
    to: list[str] = []
    for told in all_parameters(rows):
        if "grantsendonbehalfto" in told:
            to, how = [*to, _recipient(told["grantsendonbehalfto"])], "on behalf of"
        elif "sendas" in told.get("accessrights", "").lower():
            to.append(_recipient(told.get("trustee", "")))
    if rows.name.iloc[0] == "updatecalendardelegation":
        to, how = ["somebody named in the record"], "on behalf of"
    to = [t for t in to if t]
    if not to or all(t.lower() == "nt authority\\self" for t in to):
        return None
    mailbox, actor = changed_object(rows), rows.user.iloc[0]
    summary = f"{listed(to)} may now send mail {how} {mailbox}. It was given by {actor}."
    return Judgement("high", summary, involved=_involved(mailbox, *to))


def folder_opened(evidence: Evidence) -> ir.Table:
    """DG-03: a folder of a mailbox opened to others, by cmdlet or in Outlook."""
    cmdlets = run(evidence, FOLDER_CMDLETS)
    named = evidence.changes
    # Where somebody makes a team, the service itself opens the folders of its mailbox.
    outlook = named.filter(
        named.name.isin(FOLDER_IN_OUTLOOK), succeeded(named), ~named.external_access.fill_null(False)
    )
    owner, actor = outlook.mailbox_owner_upn, outlook.user_principal_name
    shaped = outlook.mutate(
        object_id=ibis.coalesce(owner + ":" + outlook.folder_path, outlook.folder_path, outlook.object_id),
        user_principal_name=actor.contains("@").ifelse(actor, ibis.coalesce(owner, actor)),
    )
    return cmdlets.union(candidates(shaped))


def judge_folder(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    told = [
        (p.get("user") or text(member), p.get("accessrights") or text(rights))
        for p, member, rights in zip(all_parameters(rows), rows.member_upn, rows.member_rights, strict=True)
    ]
    # Member@local and Owner@local are those whose group the mailbox is.
    given = [(t, rights) for t, rights in told if _lets_read(rights) and not t.lower().endswith("@local")]
    if not given:
        return None
    folder = next((p["identity"] for p in all_parameters(rows) if p.get("identity")), text(rows.object_id.iloc[-1]))
    path = folder.rpartition(":")[2] or folder
    to = [t for t, _ in given if t]
    who = listed(
        (_recipient(t) or "others, whom the record does not name") + (f" ({short(rights, 60)})" if rights else "")
        for t, rights in given
    )
    everybody = any(t.lower() in EVERYBODY for t in to)
    calendar = meaning(path)[0] == "calendar"
    mailbox = whose(folder.rpartition(":")[0]) or whose(folder) or rows.user.iloc[0]
    summary = f"The folder “{short(path)}” of {mailbox} was opened to {who}. It was done by {rows.user.iloc[0]}."
    if calendar:
        return Judgement("low", summary + " It is a calendar, as people share it.", involved=_involved(mailbox, *to))
    return Judgement("high" if everybody else "medium", summary, involved=_involved(mailbox, *to))


def _lets_read(rights: str) -> bool:
    """One of the rights lets its holder read; a record without rights may have given any."""
    return not rights or not READS.isdisjoint(re.split(r"[^a-z]+", rights.lower()))


def calendar_published(evidence: Evidence) -> ir.Table:
    """DG-04: a calendar put on the web with all its details."""
    return run(evidence, PUBLISH, ["PublishEnabled"])


def judge_calendar(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    open_ = [p for p in all_parameters(rows) if truth(p.get("publishenabled")) is True]
    if not open_:
        return None
    full = " with all details" if any("full" in p.get("detaillevel", "").lower() for p in open_) else ""
    summary = f"The calendar of {changed_object(rows)} was published on the web{full}, by {rows.user.iloc[0]}."
    return Judgement("medium" if full else "low", summary, involved=_involved(changed_object(rows)))


def impersonation(evidence: Evidence) -> ir.Table:
    """DG-06: the role that lets an account act in every mailbox, or a role group with mailbox rights."""
    return run(evidence, ROLES, _MAILBOX_ROLES)


_MAILBOX_ROLES = ("ApplicationImpersonation", "Mailbox Import Export", "Mailbox Search", "Organization Management")


def judge_impersonation(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    told = all_parameters(rows)[-1]
    role = next((r for r in _MAILBOX_ROLES if r.lower() in str(rows.parameters.iloc[-1]).lower()), "a mailbox role")
    to = [told.get(n, "") for n in ("user", "app", "securitygroup", "members", "member") if told.get(n)]
    summary = f"The role {role} was given to {listed(to) or changed_object(rows)} by {rows.user.iloc[0]}:"
    summary += " it opens every mailbox of the organisation."
    return Judgement("critical", summary, involved=_involved(*to))


def _recipient(name: str) -> str:
    return short(re.split(r"[/]", name.strip())[-1], 60)


def _involved(*names: str) -> tuple[str, ...]:
    return tuple(a for a in (whose(name) for name in names) if a)


_SOURCE = "https://attack.mitre.org/techniques/T1098/002/"
DETECTIONS = (
    Detection(
        id="DG-01",
        title="Whole mailbox opened to somebody",
        technique="T1098.002",
        needs=("audit",),
        innocent="The help desk set up a shared mailbox or a stand-in. Look for the request.",
        source=_SOURCE,
        candidates=full_access,
        judge=judge_full_access,
        operations=FULL_ACCESS,
    ),
    Detection(
        id="DG-02",
        title="Right to send in another's name",
        technique="T1098.002",
        needs=("audit",),
        innocent="An assistant or a shared mailbox. Look for the request.",
        source=_SOURCE,
        candidates=send_as,
        judge=judge_send_as,
        operations=SEND_AS,
    ),
    Detection(
        id="DG-03",
        title="Mail folder opened to others",
        technique="T1098.002",
        needs=("audit",),
        innocent="Colleagues share calendars and team folders.",
        source=_SOURCE,
        candidates=folder_opened,
        judge=judge_folder,
        operations=(*FOLDER_CMDLETS, *FOLDER_IN_OUTLOOK),
    ),
    Detection(
        id="DG-04",
        title="Calendar published on the web",
        technique="T1530",
        needs=("audit",),
        innocent="A booking page.",
        source="https://attack.mitre.org/techniques/T1530/",
        candidates=calendar_published,
        judge=judge_calendar,
        operations=PUBLISH,
    ),
    Detection(
        id="DG-06",
        title="Right to act in every mailbox",
        technique="T1098.002",
        needs=("audit",),
        innocent="A migration or a backup product. Look for the project.",
        source=_SOURCE,
        candidates=impersonation,
        judge=judge_impersonation,
        operations=ROLES,
    ),
)
