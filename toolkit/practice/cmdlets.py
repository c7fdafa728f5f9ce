"""Which function of the practice tenant plays which Exchange cmdlet."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

from toolkit.practice import cmdlets_mailbox as box
from toolkit.practice import cmdlets_rights as rights
from toolkit.practice import cmdlets_rules as rules
from toolkit.practice import cmdlets_settings as settings
from toolkit.practice import cmdlets_tenant as tenant
from toolkit.practice import cmdlets_trace as trace
from toolkit.practice.audit_search import search_unified_audit_log
from toolkit.practice.cmdlet_arguments import ASKS, refused, switch
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation


def run(cmdlet: str, parameters: Record, situation: Situation, *, asks: bool) -> list[Record]:
    """The rows a cmdlet returns. `parameters` are known by name; raises `Refused` for what they ask.

    With WhatIf everything is checked and nothing is changed. A cmdlet that `asks` needs Confirm false or Force.
    """
    play = _CMDLETS[cmdlet.lower()]
    if switch(parameters, "WhatIf"):
        play(parameters, dataclasses.replace(situation, state=copy.deepcopy(situation.state)))
        return []
    if asks and parameters.get("Confirm", True) is not False and not switch(parameters, "Force"):
        raise refused("The cmdlet asks for confirmation, and nobody can answer.", ASKS)
    return play(parameters, situation)


_CMDLETS: dict[str, Callable[[Record, Situation], list[Record]]] = {
    "search-unifiedauditlog": search_unified_audit_log,
    "get-messagetracev2": trace.get_message_trace,
    "get-messagetracedetailv2": trace.get_message_trace_detail,
    "get-inboxrule": rules.get_rules,
    "new-inboxrule": rules.new_rule,
    "set-inboxrule": rules.set_rule,
    "disable-inboxrule": rules.disable_rule,
    "enable-inboxrule": rules.enable_rule,
    "remove-inboxrule": rules.remove_rule,
    "get-sweeprule": rules.get_sweep_rules,
    "disable-sweeprule": rules.disable_sweep_rule,
    "enable-sweeprule": rules.enable_sweep_rule,
    "remove-sweeprule": rules.remove_sweep_rule,
    "get-mailbox": box.get_mailbox,
    "set-mailbox": box.set_mailbox,
    "get-recipient": box.get_recipient,
    "get-casmailbox": box.get_cas_mailbox,
    "set-casmailbox": box.set_cas_mailbox,
    "get-mobiledevice": box.get_mobile_devices,
    "remove-mobiledevice": box.remove_mobile_device,
    "clear-mobiledevice": box.clear_mobile_device,
    "get-mailboxauditbypassassociation": box.get_audit_bypass,
    "set-mailboxauditbypassassociation": box.set_audit_bypass,
    "get-mailboxautoreplyconfiguration": settings.get_auto_reply,
    "set-mailboxautoreplyconfiguration": settings.set_auto_reply,
    "get-mailboxjunkemailconfiguration": settings.get_junk_email,
    "set-mailboxjunkemailconfiguration": settings.set_junk_email,
    "get-mailboxmessageconfiguration": settings.get_message_configuration,
    "set-mailboxmessageconfiguration": settings.set_message_configuration,
    "get-mailboxcalendarfolder": settings.get_calendar,
    "set-mailboxcalendarfolder": settings.set_calendar,
    "get-app": settings.get_apps,
    "get-mailboxpermission": rights.get_mailbox_permission,
    "add-mailboxpermission": rights.add_mailbox_permission,
    "remove-mailboxpermission": rights.remove_mailbox_permission,
    "get-recipientpermission": rights.get_recipient_permission,
    "add-recipientpermission": rights.add_recipient_permission,
    "remove-recipientpermission": rights.remove_recipient_permission,
    "get-mailboxfolderpermission": rights.get_folder_permission,
    "add-mailboxfolderpermission": rights.add_folder_permission,
    "set-mailboxfolderpermission": rights.set_folder_permission,
    "remove-mailboxfolderpermission": rights.remove_folder_permission,
    "get-mailboxfolderstatistics": rights.get_folders,
    "get-transportrule": tenant.get_transport_rules,
    "disable-transportrule": tenant.disable_transport_rule,
    "enable-transportrule": tenant.enable_transport_rule,
    "get-inboundconnector": tenant.get_inbound,
    "set-inboundconnector": tenant.set_inbound,
    "get-outboundconnector": tenant.get_outbound,
    "set-outboundconnector": tenant.set_outbound,
    "get-remotedomain": tenant.get_remote_domains,
    "get-transportconfig": tenant.get_transport_config,
    "get-externalinoutlook": tenant.get_external_in_outlook,
    "get-hostedoutboundspamfilterpolicy": tenant.get_outbound_spam,
    "get-accepteddomain": tenant.get_accepted_domains,
    "get-blockedsenderaddress": tenant.get_blocked_senders,
    "remove-blockedsenderaddress": tenant.remove_blocked_sender,
    "get-organizationconfig": tenant.get_organization_config,
    "set-organizationconfig": tenant.set_organization_config,
    "get-adminauditlogconfig": tenant.get_audit_config,
    "set-adminauditlogconfig": tenant.set_audit_config,
    "get-rolegroup": tenant.get_role_groups,
    "get-rolegroupmember": tenant.get_role_group_members,
    "add-rolegroupmember": tenant.add_role_group_member,
    "remove-rolegroupmember": tenant.remove_role_group_member,
}
