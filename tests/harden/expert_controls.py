"""Which controls of Secure Score an expert names for each step of the practice scenario: written before the code.

The facts: Katrin Vogel, head of accounts payable, holds Exchange Administrator as holiday cover. She signs in through
an adversary in the middle, so the intruder holds a session that has passed multi-factor authentication. It is used
from a hosting network in another country for two days. “Would” means: with the control in force for this account, the
step fails, whatever else is so. “Could” means: it may fail, or be over sooner, or be seen the next day.
"""

from __future__ import annotations

# The mail with the link is not in the evidence: these would have been in its way, had it come by mail.
LURE = {
    "mdo_safelinksforemail",
    "mdo_antiphishingpolicies",
    "mdo_phishthresholdlevel",
    "mdo_zapphish",
    "mdo_highconfidencephishaction",
}

# detection → (would have stopped it, could have stopped it)
EXPERT: dict[str, tuple[set[str], set[str]]] = {
    # A passkey does not answer to the wrong site, and the control counts administrators, of whom she is one. A risk
    # policy sees an unknown place, a hosting network and an anomalous token. Not MFA as such: the session passed it.
    # Not legacy authentication, not passwords: nothing was guessed.
    "SI-02": ({"aad_phishing_MFA_strength", "SigninRiskPolicy"}, {"UserRiskPolicy"} | LURE),
    # The same session from two countries within minutes, and two days later still: signing in anew every few hours
    # would have ended it, but not in the first hours.
    "SI-01": (
        {"aad_phishing_MFA_strength", "SigninRiskPolicy"},
        {"UserRiskPolicy", "aad_sign_in_freq_session_timeout"} | LURE,
    ),
    # The stolen session itself: a user at high risk has to change the password, which ends it.
    "TK-01": (
        {"aad_phishing_MFA_strength", "SigninRiskPolicy", "UserRiskPolicy"},
        {"aad_sign_in_freq_session_timeout"} | LURE,
    ),
    # Registering a method from a risky session may ask for more. A policy for the registration itself is what
    # stops it, and Secure Score has no control for that.
    "ID-01": (set(), {"SigninRiskPolicy", "UserRiskPolicy"}),
    # Users who may not consent cannot. The workflow alone stops nothing: it gives them somebody to ask. Forbidding
    # users to register applications touches only applications made in the tenant.
    "OA-01": ({"IntegratedApps"}, {"aad_admin_consent_workflow", "aad_third_party_apps"}),
    # Both rules and mailbox forwarding to the outside are refused at the border.
    "IR-01": ({"mdo_autoforwardingmode", "mdo_blockmailforward"}, set()),
    "FW-01": ({"mdo_autoforwardingmode", "mdo_blockmailforward"}, set()),
    # An owner may make rules in the own mailbox, and no control forbids it.
    "IR-02": (set(), set()),
    "IR-03": (set(), set()),
    "IR-04": (set(), set()),
    "IR-05": (set(), set()),
    # Forty mails are within the limits of every policy.
    "SD-01": (set(), set()),
    # A bypass takes an administrator. Without a standing role on an everyday account the cmdlet is refused. A limit
    # on how many hold roles may have spared her; the control on mailbox auditing shows the bypass the next day.
    "CL-04": (
        {"RoleOverlap", "aad_admin_accounts_separate_unassigned_cloud_only"},
        {"aad_limited_administrative_roles", "exo_mailboxaudit"},
    ),
}
