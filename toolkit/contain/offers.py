"""What could be done about an account as the snapshot shows it: every thing found, and which of them are suggested.

Suggested is what the intruder likely made: since they may have come in, or what a finding names. A person decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from toolkit.contain.action import Action
from toolkit.contain.actions import (
    AutoReplyOff,
    ClearForwarding,
    ClearOutsideForwarding,
    CloseProtocols,
    ConfirmCompromised,
    DisableApp,
    DisableDevice,
    DisableInboundConnector,
    DisableInboxRule,
    DisableOutboundConnector,
    DisableSweepRule,
    DisableTransportRule,
    DistrustSender,
    HoldMail,
    LeaveGroup,
    LeaveRoleGroup,
    RemoveAppRole,
    RemoveConsent,
    RemoveConsentOfEverybody,
    RemoveFolderRight,
    RemoveFullAccess,
    RemoveMethod,
    RemoveMobileDevice,
    RemoveOwnership,
    RemoveRole,
    RemoveSendAs,
    RemoveSendOnBehalf,
    SignatureOff,
    UnblockCorrespondent,
)
from toolkit.contain.actions.delegates import NOBODY, opens
from toolkit.contain.actions.methods import collection_of, is_asked_first, method_in_words
from toolkit.contain.actions.rules import acts_against_owner, identity_of, is_pseudo, title_of, what_it_does
from toolkit.contain.actions.shapes import SwitchedOff, listed
from toolkit.contain.legitimate import Said
from toolkit.contain.readings import APPLICATION, FOR_EVERYBODY, HIDDEN, NAMES
from toolkit.contain.snapshot import Row, Snapshot
from toolkit.contain.suspicion import Suspicion
from toolkit.contain.target import moment

ASK_BY_VOICE = "ask the owner by voice whether it is theirs"
ON_PREMISES = "where Exchange refuses, clear altRecipient in Active Directory"
TIMES = (
    *("registrationDateTime", "createdDateTime", "FirstSyncTime", "WhenCreatedUTC"),
    *("WhenChanged", "WhenChangedUTC", "WhenCreated"),
)
MAIL_SCOPES = ("mail.", "full_access", "imap.", "pop.", "smtp.", "ews.", "mailboxsettings.")


@dataclass
class Offer:
    """One thing that could be done: its `action`, whether it is `chosen`, `why`, and what it is in words.

    `group` is the reading it comes from; `row` the thing as it was read; `suspected` that the intruder likely made or
    uses it; `legitimate` what a person noted who called it so. `undated`: nothing tells when it was made.
    """

    action: Action
    chosen: bool
    why: str
    text: str
    group: str
    row: Row = field(repr=False, default_factory=dict)
    suspected: bool | None = None  # None: where it is chosen
    legitimate: str = ""

    def __post_init__(self) -> None:
        # What hits everybody is never chosen by itself, suspected or not.
        if self.suspected is None:
            self.suspected = self.chosen

    @property
    def undated(self) -> bool:
        return not any(moment(self.row.get(name)) for name in TIMES)

    def cleared_by(self, said: Said) -> None:
        """Take it for what a person said it is, unless it reads otherwise by now."""
        if said.what == self.text:  # as it stands now, not as it stood then
            self.chosen = self.suspected = False
            self.legitimate = said.note
            self.why = f"called legitimate by {said.by or 'somebody'} at {said.time} UTC: {said.note}"
        else:
            self.why = f"{self.why + '; ' if self.why else ''}called legitimate at {said.time} UTC, and changed since"

    @property
    def is_off(self) -> bool:
        """The thing is still there, and switched off already."""
        return isinstance(self.action, SwitchedOff) and self.row.get(self.action.flag) == self.action.off


def offers(snapshot: Snapshot, suspicion: Suspicion) -> list[Offer]:
    """Everything that could be done about what the snapshot shows, in the order of the plan."""
    suspicion = suspicion.dated(moment(snapshot.taken))
    found: list[Offer] = []
    for look in LOOKS:
        found += look(snapshot, suspicion)
    for offer in found:
        if offer.action.key in suspicion.legitimate:
            offer.cleared_by(suspicion.legitimate[offer.action.key])
        if offer.action.key in suspicion.ours:
            offer.chosen, offer.why = True, offer.why or "this case did it"
    return found


def _hold(snapshot: Snapshot, _: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("mailbox")[:1]:
        if row.get("LitigationHoldEnabled") is False:
            yield Offer(HoldMail(), False, "", "the mailbox is on no hold", "mailbox", row)


def _devices(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("devices"):
        why = suspicion.made_since(row, "registrationDateTime")
        action = DisableDevice(str(row.get("id")), str(row.get("displayName") or ""), why)
        yield Offer(
            action, bool(why) and row.get("accountEnabled") is not False, why, action.in_words(row), "devices", row
        )


def _methods(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    preferred = (snapshot.rows("preferences") or [{}])[0]
    # The service lets the method that is asked for first go only after all others.
    for row in sorted(snapshot.rows("methods"), key=lambda row: is_asked_first(row, preferred)):
        collection = collection_of(row)
        if not collection:
            continue
        why = suspicion.made_since(row, "createdDateTime")
        words = method_in_words(row)
        first = ", of the kind asked for first" if is_asked_first(row, preferred) else ""
        action = RemoveMethod(str(row.get("id")), words + first, why, collection)
        told = "; ".join(filter(None, [why or ASK_BY_VOICE, suspicion.registered_from(row)]))
        offer = Offer(action, bool(why), told, words, "methods", row)
        if str(row.get("id")) in suspicion.passes:
            offer.chosen = offer.suspected = False
            offer.legitimate = offer.why = "this case made it for the owner"
        yield offer


def _apps(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    apps = {str(app.get("id")): app for app in snapshot.rows("apps")}
    suspected: dict[str, str] = {}
    for row in snapshot.rows("grants"):
        app = apps.get(str(row.get("clientId")), {})
        name = str(app.get("displayName") or row.get("clientId"))
        scopes = str(row.get("scope") or "").lower()
        why = suspicion.named(name, app.get("appId"), row.get("clientId"))
        why = why or suspicion.made_since(app, "createdDateTime")
        if not why and any(s in scopes for s in MAIL_SCOPES) and row.get("consentType") != "AllPrincipals":
            why = "it may read mail"
        action = RemoveConsent(RemoveConsent.identity_of(row), name, why, str(row.get("id")))
        if why:
            suspected[str(row.get("clientId"))] = why
        yield Offer(action, bool(why), why, action.in_words(row), "grants", row)
    for row in snapshot.rows("app roles"):
        name = str(row.get("resourceDisplayName") or row.get("resourceId"))
        why = suspicion.named(name) or suspicion.made_since(row, "createdDateTime")
        role = RemoveAppRole(RemoveAppRole.identity_of(row), name, why, str(row.get("id")))
        if why:
            suspected[str(row.get("resourceId"))] = why
        yield Offer(role, bool(why), why, role.in_words(row), "app roles", row)
    for row in snapshot.rows(FOR_EVERYBODY):
        app = row.get(APPLICATION) or {}
        name = str(app.get("displayName") or row.get("clientId"))
        why = suspicion.consented(row)
        wide = RemoveConsentOfEverybody(RemoveConsent.identity_of(row), name, why, str(row.get("id")))
        told = why or "ask whoever looks after applications"
        yield Offer(wide, False, told, wide.in_words(row), FOR_EVERYBODY, row, suspected=bool(why))
        if app.get("id") and why:
            suspected.setdefault(apps.setdefault(str(app["id"]), app)["id"], why)
    for identity, app in apps.items():
        why = suspected.get(identity, "")
        if why and app.get("accountEnabled") is not False:
            disable = DisableApp(identity, str(app.get("displayName") or ""), why)
            everybody = f"{why}; for everybody"
            yield Offer(disable, False, everybody, disable.in_words(app), "apps", app, suspected=True)


def _roles(snapshot: Snapshot, _: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("roles"):
        name = str((row.get("roleDefinition") or {}).get("displayName") or row.get("roleDefinitionId"))
        why = "with it every other step can be undone"
        action = RemoveRole(RemoveRole.identity_of(row), name, why, str(row.get("id")))
        yield Offer(action, True, why, name, "roles")


def _groups(snapshot: Snapshot, _: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("role groups"):
        group = LeaveRoleGroup(LeaveRoleGroup.identity_of(row), str(row.get("Name") or ""), "")
        yield Offer(group, True, "it opens more than this mailbox", group.in_words(row), "role groups")
    for row in snapshot.rows("owned objects"):
        if str(row.get("@odata.type", "")).endswith(".group"):
            owned = RemoveOwnership(str(row.get("id")), str(row.get("displayName") or ""), "")
            yield Offer(owned, False, "ask the owner", owned.in_words(row), "owned objects")


def _memberships(snapshot: Snapshot, _: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("groups"):
        fixed = row.get("onPremisesSyncEnabled") or "DynamicMembership" in (row.get("groupTypes") or [])
        if str(row.get("@odata.type", "")).endswith(".group") and not fixed:
            member = LeaveGroup(str(row.get("id")), str(row.get("displayName") or ""), "")
            yield Offer(member, False, "ask the owner", member.in_words(row), "groups")


def _junk_list(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("junk list")[:1]:
        for entry in map(str, row.get("TrustedSendersAndDomains") or []):
            why = suspicion.part_of_a_name(entry)
            yield Offer(DistrustSender(entry, entry, why), bool(why), why or "ask the owner", "", "junk list")
        for entry in map(str, row.get("BlockedSendersAndDomains") or []):
            yield Offer(UnblockCorrespondent(entry, entry, ""), False, "ask the owner", "", "junk list")


def _risk(snapshot: Snapshot, _: Suspicion) -> Iterator[Offer]:
    if "risk" in snapshot.found:
        yield Offer(ConfirmCompromised(), False, "", "tells Entra and its risk policies", "risk")


def _rules(snapshot: Snapshot, _: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("inbox rules"):
        if is_pseudo(row):
            continue
        hidden, enabled = bool(row.get(HIDDEN)), bool(row.get("Enabled"))
        why = "it forwards, deletes or hides mail" if acts_against_owner(row) else "it is hidden" if hidden else ""
        action = DisableInboxRule(identity_of(row), title_of(row), why)
        yield Offer(action, bool(why) and enabled, why, rule_in_words(row, hidden=hidden), "inbox rules", row)


def rule_in_words(row: Row, *, hidden: bool) -> str:
    """What an inbox rule is and does."""
    kind = f"{'hidden' if hidden else 'visible'}, {'enabled' if row.get('Enabled') else 'disabled'}"
    return f"{kind}: {what_it_does(row)}"


def _sweep_rules(snapshot: Snapshot, _: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("sweep rules"):
        why = "it moves mail away, and no list of rules shows it"
        action = DisableSweepRule(DisableSweepRule.identity_of(row), str(row.get("Name") or ""), why)
        yield Offer(action, bool(row.get("Enabled")), why, action.in_words(row), "sweep rules", row)


def _mailbox(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("mailbox")[:1]:
        outside, inside = row.get("ForwardingSmtpAddress"), row.get("ForwardingAddress")
        if outside or inside:
            to = listed([str(a) for a in (outside, inside) if a])
            why = "all mail leaves by it"
            if inside and (row.get("IsDirSynced") or snapshot.target.synced):
                why += f"; its inside address is mastered on premises: {ON_PREMISES}"
            yield Offer(ClearForwarding(), True, why, f"to {to}", "mailbox", row)
        if outside:
            why = "only if both fields cannot be cleared in one call"
            alone = ClearForwarding.key in suspicion.refused
            yield Offer(ClearOutsideForwarding(), alone, why, f"to {outside}", "mailbox", row)
    for row in snapshot.rows("auto-reply")[:1]:
        if str(row.get("AutoReplyState") or "Disabled").lower() != "disabled":
            text = re.sub("<[^>]*>", " ", str(row.get("ExternalMessage") or row.get("InternalMessage") or ""))[:200]
            why = "read its text: it speaks to every correspondent"
            yield Offer(AutoReplyOff(), True, why, text, "auto-reply", row)
    for row in snapshot.rows("signature")[:1]:
        if any(row.get(name) for name in SignatureOff.wanted):
            text = re.sub("<[^>]*>", " ", str(row.get("SignatureText") or row.get("SignatureHtml") or ""))
            why = "ask the owner whether every number in it is theirs"
            yield Offer(SignatureOff(), False, why, " ".join(text.split())[:200], "signature", row)
    for row in snapshot.rows("protocols")[:1]:
        still = [n for n in ("ImapEnabled", "PopEnabled") if row.get(n) is not False]
        still += [] if row.get("SmtpClientAuthenticationDisabled") is True else ["SMTP AUTH"]
        if still:
            why = "they ask for no second factor"
            yield Offer(CloseProtocols(), True, why, f"open: {listed(still)}", "protocols", row)


def _delegates(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("full access"):
        user, rights = str(row.get("User") or ""), {str(r).lower() for r in row.get("AccessRights") or []}
        if _self(user) or row.get("IsInherited") or row.get("Deny") or "fullaccess" not in rights:
            continue
        why = suspicion.named(user)
        full = RemoveFullAccess(user, user, why)
        yield Offer(full, bool(why), why or "ask the owner", full.in_words(row), "full access")
    for row in snapshot.rows("send as"):
        trustee = str(row.get("Trustee") or "")
        if _self(trustee) or row.get("IsInherited") or str(row.get("AccessControlType", "Allow")).lower() == "deny":
            continue
        why = suspicion.named(trustee)
        send = RemoveSendAs(trustee, trustee, why)
        yield Offer(send, bool(why), why or "ask the owner", send.in_words(row), "send as")
    for row in snapshot.rows("mailbox")[:1]:
        for person in map(str, row.get("GrantSendOnBehalfTo") or []):
            name = (row.get(NAMES) or {}).get(person, person)
            why = suspicion.named(person, name)
            behalf = RemoveSendOnBehalf(person, name, why)
            yield Offer(behalf, bool(why), why or "ask the owner", "", "mailbox")
    for row in snapshot.rows("folder rights"):
        if not opens(row):
            continue
        action = RemoveFolderRight(RemoveFolderRight.identity_of(row), "", "")
        everybody = action.person.lower() in NOBODY
        why = "it is open to everybody" if everybody else suspicion.named(action.person)
        named = f"{action.folder.rpartition(':')[2]} to {action.person}"
        action = RemoveFolderRight(action.identity, named, why, str(row.get("FolderType") or ""))
        yield Offer(action, bool(why), why or "ask the owner", action.in_words(row), "folder rights")


def _mobile(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    for row in snapshot.rows("mobile devices"):
        why = suspicion.made_since(row, "FirstSyncTime", "WhenCreatedUTC")
        action = RemoveMobileDevice(str(row.get("Identity")), str(row.get("FriendlyName") or ""), why)
        yield Offer(action, bool(why), why or "ask the owner", action.in_words(row), "mobile devices", row)


def _flow(snapshot: Snapshot, suspicion: Suspicion) -> Iterator[Offer]:
    kinds = (DisableTransportRule, DisableInboundConnector, DisableOutboundConnector)
    for kind in kinds:
        for row in snapshot.rows(kind.reading):
            why = suspicion.made_since(row, "WhenChanged", "WhenChangedUTC", "WhenCreated")
            if row.get(kind.flag) == kind.on:
                action = kind(kind.identity_of(row), str(row.get("Name") or ""), why)
                told = f"{why or 'ask whoever looks after mail flow'}; for everybody"
                yield Offer(action, False, told, action.in_words(row), kind.reading, row, suspected=bool(why))


def _self(name: str) -> bool:
    return name.lower().rpartition("\\")[2] == "self" or not name


Look = Callable[[Snapshot, Suspicion], Iterator[Offer]]
LOOKS: tuple[Look, ...] = (
    _hold, _devices, _methods, _apps, _roles, _groups, _memberships, _risk, _rules, _sweep_rules, _mailbox, _junk_list,
    _delegates, _mobile, _flow,
)  # fmt: skip


def taken(found: Collection[Offer], chosen: Collection[str] | None) -> list[Offer]:
    """The offers that a person chose by their keys; without a choice, the suggested ones."""
    return [o for o in found if (o.chosen if chosen is None else o.action.key in chosen)]
