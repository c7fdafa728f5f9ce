"""The tables and their columns: name, kind, meaning. The only schema.

Every table also carries `row_id`, `record_id`, `file`, `position`, `partial` and `conflict` (see `BOOKKEEPING`).
Times are UTC with zone. User names are shown as they came and compared in lower case. IP addresses are bare:
no port, no brackets, no `::ffff:`. What does not fit a column stays in the record itself (`case.raw`).
"""

from __future__ import annotations

from dataclasses import dataclass

# kind → type in DuckDB
KINDS: dict[str, str] = {
    "text": "VARCHAR",
    "name": "VARCHAR",  # compared without case: users, operations
    "json": "VARCHAR",  # JSON text, kept as it came
    "ip": "VARCHAR",
    "time": "TIMESTAMPTZ",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    # Enumerations of the audit log that exports write as numbers or as names; kept as Microsoft's numbers.
    "record_type": "BIGINT",
    "user_type": "VARCHAR",
    "logon_type": "BIGINT",
}


@dataclass(frozen=True)
class Column:
    """One column: its name, its kind (a key of `KINDS`), and what it means, with Microsoft's own term."""

    name: str
    kind: str
    meaning: str

    @property
    def type(self) -> str:
        return KINDS[self.kind]


@dataclass(frozen=True)
class Table:
    """One table. A record with none of the `tells` columns filled says nothing and is rejected."""

    name: str
    title: str
    columns: tuple[Column, ...]
    tells: tuple[str, ...]

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]


def _columns(text: str) -> tuple[Column, ...]:
    rows = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)


BOOKKEEPING = _columns(
    """
    row_id      text  record_id, with ~2, ~3 … for further rows where records of one id contradict each other
    record_id   text  the record's own id, else the SHA-256 of its columns
    file        text  SHA-256 of the evidence file it was first read from
    position    int   which record of that file, from 1
    partial     bool  its document was empty or cut; kept from the export's own columns alone
    conflict    bool  records of this id contradict each other in at least one column
    """
)

SIGNINS = Table(
    "signins",
    "Sign-ins",
    _columns(
        """
        time                        time  createdDateTime (UTC)
        user_principal_name         name  userPrincipalName
        user_id                     text  userId: the account's object id
        user_display_name           text  userDisplayName
        user_type                   name  userType: member or guest
        ip_address                  ip    ipAddress
        country                     text  location.countryOrRegion, two letters
        state                       text  location.state
        city                        text  location.city
        latitude                    float location.geoCoordinates.latitude (degrees)
        longitude                   float location.geoCoordinates.longitude (degrees)
        autonomous_system_number    int   autonomousSystemNumber of the network (beta only)
        app_id                      text  appId
        app_display_name            text  appDisplayName
        resource_id                 text  resourceId
        resource_display_name       text  resourceDisplayName
        client_app_used             name  clientAppUsed
        user_agent                  text  userAgent
        error_code                  int   status.errorCode; 0 is success
        failure_reason              text  status.failureReason
        status_details              text  status.additionalDetails
        is_interactive              bool  isInteractive
        sign_in_event_types         text  signInEventTypes, joined by commas (beta only)
        session_id                  text  sessionId (beta only)
        unique_token_id             text  uniqueTokenIdentifier (beta only)
        correlation_id              text  correlationId
        original_request_id         text  originalRequestId (beta only)
        authentication_requirement  name  authenticationRequirement: single- or multiFactorAuthentication
        authentication_protocol     name  authenticationProtocol
        authentication_details      json  authenticationDetails
        mfa_detail                  json  mfaDetail
        incoming_token_type         name  incomingTokenType
        original_transfer_method    name  originalTransferMethod
        conditional_access_status   name  conditionalAccessStatus
        conditional_access_policies json  appliedConditionalAccessPolicies
        device_id                   text  deviceDetail.deviceId
        device_display_name         text  deviceDetail.displayName
        operating_system            text  deviceDetail.operatingSystem
        browser                     text  deviceDetail.browser
        is_compliant                bool  deviceDetail.isCompliant
        is_managed                  bool  deviceDetail.isManaged
        trust_type                  text  deviceDetail.trustType
        risk_level_during_sign_in   text  riskLevelDuringSignIn
        risk_level_aggregated       text  riskLevelAggregated
        risk_state                  text  riskState
        risk_detail                 text  riskDetail
        risk_event_types            text  riskEventTypes_v2 or riskEventTypes, joined by commas
        service_principal_id        text  servicePrincipalId
        token_issuer_type           text  tokenIssuerType
        home_tenant_id              text  homeTenantId
        resource_tenant_id          text  resourceTenantId
        app_owner_tenant_id         text  appOwnerTenantId: the tenant the application comes from (beta only)
        cross_tenant_access_type    name  crossTenantAccessType: none, b2bCollaboration, serviceProvider …
        tenant_id                   text  the tenant whose log this is (diagnostic exports only)
        """
    ),
    tells=("time", "user_principal_name", "user_id", "service_principal_id", "ip_address"),
)

AUDIT = Table(
    "audit",
    "Audit log",
    _columns(
        """
        time                            time  CreationTime (UTC)
        operation                       name  Operation
        workload                        text  Workload
        record_type                     record_type RecordType (number of AuditLogRecordType)
        user_principal_name             name  UserId; where that is empty MailboxOwnerUPN, else UserKey
        user_type                       user_type UserType: 0 regular, 2 admin, 4 system, 5 application …
        user_key                        text  UserKey
        ip_address                      ip    first of ClientIPAddress, ClientIP, ActorIpAddress
        result_status                   name  ResultStatus (for sign-ins error_number decides, not this)
        error_number                    int   ErrorNumber of UserLoggedIn and UserLoginFailed
        object_id                       text  ObjectId
        tenant_id                       name  OrganizationId
        app_id                          text  AppId, else ApplicationId
        client_app_id                   text  ClientAppId
        client_info                     text  ClientInfoString
        user_agent                      text  UserAgent, else ExtendedProperties[UserAgent]
        request_type                    text  ExtendedProperties[RequestType]
        device_id                       text  DeviceProperties[Id]
        operating_system                text  DeviceProperties[OS]
        session_id                      text  AppAccessContext.AADSessionId, DeviceProperties[SessionId] or SessionId
        unique_token_id                 text  AppAccessContext.UniqueTokenId
        correlation_id                  text  AppAccessContext.CorrelationId, InterSystemsId
        external_access                 bool  ExternalAccess: done by Microsoft's own staff or services
        logon_type                      logon_type LogonType: 0 owner, 1 admin, 2 delegate
        mailbox_owner_upn               name  MailboxOwnerUPN
        mailbox_guid                    text  MailboxGuid
        subject                         text  Item.Subject
        internet_message_id             text  Item.InternetMessageId
        folder_path                     text  Folder.Path, Item.ParentFolder.Path or the first Folders[].Path
        mail_access_type                text  OperationProperties[MailAccessType]: Bind or Sync
        is_throttled                    bool  OperationProperties[IsThrottled]
        operation_count                 int   OperationCount
        parameters                      json  Parameters of an admin's cmdlet: name and value
        modified_properties             json  ModifiedProperties: name, old and new value
        target                          json  Target: the objects that were changed
        additional_details              json  ExtendedProperties[additionalDetails], or additionalDetails
        member_upn                      name  Item.ParentFolder.MemberUpn: to whom a folder was opened
        member_rights                   text  Item.ParentFolder.MemberRights: what that person may do there
        rule_id                         text  the inbox rule's id
        rule_name                       text  the inbox rule's name
        rule_operation                  text  RuleOperation of UpdateInboxRules, or the cmdlet's verb
        rule_forward_to                 text  addresses it forwards to, redirects to or forwards to as attachment
        rule_move_to                    text  folder it moves to or copies to
        rule_deletes                    bool  it deletes the message
        rule_marks_read                 bool  it marks the message as read
        rule_conditions                 text  what it looks for, as the record says it
        forwarding_smtp_address         text  Set-Mailbox ForwardingSmtpAddress; empty text when it was cleared
        forwarding_address              text  Set-Mailbox ForwardingAddress; empty text when it was cleared
        deliver_and_forward             bool  Set-Mailbox DeliverToMailboxAndForward
        """
    ),
    tells=("time", "user_principal_name", "operation"),
)

SECURE_SCORES = Table(
    "secure_scores",
    "Secure Score",
    _columns(
        """
        time                    time  createdDateTime (UTC); one score a day
        tenant_id               text  azureTenantId
        current_score           float currentScore (points)
        max_score               float maxScore (points)
        active_user_count       int   activeUserCount
        licensed_user_count     int   licensedUserCount
        enabled_services        json  enabledServices
        average_all_tenants     float averageComparativeScores[AllTenants] (per cent)
        average_total_seats     float averageComparativeScores[TotalSeats] (per cent): tenants of the size
        average_industry        float averageComparativeScores[IndustryTypes] (per cent)
        comparative_scores      json  averageComparativeScores
        control_scores          json  controlScores; never sum them up to a total
        """
    ),
    tells=("time", "current_score"),
)

SECURE_SCORE_CONTROLS = Table(
    "secure_score_controls",
    "Secure Score controls",
    _columns(
        """
        control_id              name  id of the control, e.g. AdminMFAV2
        tenant_id               text  azureTenantId
        title                   text  title
        control_category        text  controlCategory
        service                 text  service
        action_type             text  actionType
        action_url              text  actionUrl
        max_score               float maxScore (points)
        rank                    int   rank by Microsoft
        tier                    text  tier
        threats                 json  threats
        implementation_cost     text  implementationCost
        user_impact             text  userImpact
        remediation             text  remediation: HTML of the service, to be sanitised before it is shown
        remediation_impact      text  remediationImpact
        deprecated              bool  deprecated
        control_state_updates   json  controlStateUpdates
        last_modified           time  lastModifiedDateTime (UTC)
        """
    ),
    tells=("control_id",),
)

MESSAGES = Table(
    "messages",
    "Message trace",
    _columns(
        """
        time                    time  receivedDateTime (UTC)
        sender_address          name  senderAddress: of the envelope
        recipient_address       name  recipientAddress; a message to several people is several rows
        subject                 text  subject
        status                  text  status: delivered, failed, quarantined …
        message_id              text  messageId: the Internet message id
        message_trace_id        text  id of the trace
        size                    int   size (bytes)
        from_ip                 ip    fromIP: where the message came from
        to_ip                   ip    toIP: where it was handed to
        direction               text  directionality: originating or incoming (portal only)
        """
    ),
    tells=("time", "sender_address", "recipient_address", "message_id"),
)

MESSAGE_EVENTS = Table(
    "message_events",
    "Details of the message trace",
    _columns(
        """
        time                time  dateTime (UTC)
        message_trace_id    text  id of the trace
        message_id          text  messageId: the Internet message id
        event               text  event: Receive, Send, Fail …
        action              text  action
        description         text  description: what happened; of a failure, the code of the bounce
        data                text  data: XML
        """
    ),
    tells=("event", "description"),
)

MFA_REGISTRATION = Table(
    "mfa_registration",
    "Registered methods",
    _columns(
        """
        time                        time  lastUpdatedDateTime (UTC): when the report was last made
        user_principal_name         name  userPrincipalName
        user_id                     text  id: the account's object id
        user_display_name           text  userDisplayName
        user_type                   name  userType: member or guest
        is_admin                    bool  isAdmin: has a role in the directory
        is_mfa_registered           bool  isMfaRegistered: a method for a second factor is registered
        is_mfa_capable              bool  isMfaCapable: and the organisation allows that method
        is_passwordless_capable     bool  isPasswordlessCapable
        is_sspr_registered          bool  isSsprRegistered: can reset the password without help
        is_sspr_enabled             bool  isSsprEnabled
        is_sspr_capable             bool  isSsprCapable
        methods_registered          text  methodsRegistered as it came: JSON, or joined by ; or ,
        default_method              text  userPreferredMethodForSecondaryAuthentication or defaultMfaMethod
        """
    ),
    tells=("user_principal_name", "user_id"),
)

INBOX_RULES = Table(
    "inbox_rules",
    "Inbox rules",
    _columns(
        """
        mailbox             name  MailboxOwnerId or the mailbox's part of Identity; null in Graph pages
        rule_id             text  RuleIdentity (never as a number: it exceeds 64 bits) or Graph's id
        rule_name           text  Name or displayName
        enabled             bool  Enabled or isEnabled
        priority            int   Priority or sequence
        hidden              bool  seen only with IncludeHidden; null where the export does not say
        in_error            bool  InError or hasError
        forward_to          text  targets of ForwardTo, RedirectTo and ForwardAsAttachmentTo, joined
        move_to             text  MoveToFolder or CopyToFolder
        deletes             bool  DeleteMessage or SoftDeleteMessage
        marks_read          bool  MarkAsRead
        stops               bool  StopProcessingRules
        conditions          text  what it looks for, as far as the export says it in one place
        description         text  Description
        """
    ),
    tells=("rule_id", "rule_name", "mailbox"),
)

MAILBOXES = Table(
    "mailboxes",
    "Mailboxes",
    _columns(
        """
        user_principal_name         name  UserPrincipalName
        primary_smtp_address        name  PrimarySmtpAddress
        object_id                   text  ExternalDirectoryObjectId
        display_name                text  DisplayName
        recipient_type              text  RecipientTypeDetails
        forwarding_address          text  ForwardingAddress: a recipient in the organisation
        forwarding_smtp_address     text  ForwardingSmtpAddress
        deliver_and_forward         bool  DeliverToMailboxAndForward
        grant_send_on_behalf_to     text  GrantSendOnBehalfTo, joined
        audit_enabled               bool  AuditEnabled
        default_audit_set           text  DefaultAuditSet, joined
        audit_log_age_limit         text  AuditLogAgeLimit
        audit_owner                 text  AuditOwner, joined
        audit_delegate              text  AuditDelegate, joined
        audit_admin                 text  AuditAdmin, joined
        persisted_capabilities      text  PersistedCapabilities, joined: what the mailbox's licences give it
        litigation_hold             bool  LitigationHoldEnabled
        hidden_from_address_lists   bool  HiddenFromAddressListsEnabled
        created                     time  WhenCreatedUTC
        """
    ),
    tells=("user_principal_name", "primary_smtp_address", "object_id"),
)

TENANT_SETTINGS = Table(
    "tenant_settings",
    "Settings of the organisation",
    _columns(
        """
        setting     text  what it is about, as `harden.readings` names it: organisation settings, audit bypass …
        identity    text  Identity, Name or skuPartNumber: which one of several
        document    json  the record; of a CSV export the columns that are used
        """
    ),
    tells=("identity", "document"),
)

RISK = Table(
    "risk",
    "Risk detections",
    _columns(
        """
        time                    time  activityDateTime (UTC): when it happened
        detected                time  detectedDateTime (UTC): when it was noticed
        last_updated            time  lastUpdatedDateTime (UTC)
        user_principal_name     name  userPrincipalName
        user_id                 text  userId: the account's object id
        user_display_name       text  userDisplayName
        risk_event_type         name  riskEventType: anomalousToken …; generic where the licence does not tell more
        risk_level              name  riskLevel: low, medium, high; hidden where the licence does not tell
        risk_state              name  riskState: atRisk, confirmedCompromised, remediated, dismissed …
        risk_detail             name  riskDetail
        ip_address              ip    ipAddress
        country                 text  location.countryOrRegion, two letters
        city                    text  location.city
        activity                name  activity: signin or user
        detection_timing        name  detectionTimingType: realtime, nearRealtime or offline
        source                  text  source
        token_issuer_type       text  tokenIssuerType
        request_id              text  requestId: the sign-in's id
        correlation_id          text  correlationId
        additional_info         json  additionalInfo
        """
    ),
    tells=("time", "detected", "user_principal_name", "user_id"),
)

RISKY_USERS = Table(
    "risky_users",
    "Risk of accounts",
    _columns(
        """
        time                    time  riskLastUpdatedDateTime (UTC): since when it is so
        user_principal_name     name  userPrincipalName
        user_id                 text  userId of a piece of history, else the account's own id
        user_display_name       text  userDisplayName
        risk_level              name  riskLevel
        risk_state              name  riskState
        risk_detail             name  riskDetail: what ended or raised it
        initiated_by            text  initiatedBy: who did that, an object id; of history only
        risk_event_types        json  activity.riskEventTypes, of history only
        activity_detail         name  activity.detail, of history only
        is_history              bool  a piece of history, not how it was when asked
        is_deleted              bool  isDeleted: the account is gone
        is_processing           bool  isProcessing: Entra has not finished with it
        """
    ),
    tells=("user_principal_name", "user_id"),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        SIGNINS,
        AUDIT,
        MESSAGES,
        SECURE_SCORES,
        SECURE_SCORE_CONTROLS,
        INBOX_RULES,
        MAILBOXES,
        TENANT_SETTINGS,
        MESSAGE_EVENTS,
        MFA_REGISTRATION,
        RISK,
        RISKY_USERS,
    )
}

COVERAGE = Table(
    "coverage",
    "The ledger of collections",
    _columns(
        """
        source             text  what was asked for, e.g. audit log
        account            text  of whom, a mark of the attacker's, or empty for everybody
        window_start       time  the window's beginning
        window_end         time  the window's end, which is not in it
        road               text  by which service and call; of a state, which list
        expected           int   records that there are, where the service says so
        received           int   records of the fullest answer, those that came twice among them
        duplicates         int   how many of these came twice
        rejected           int   records of its pages that were set aside, each once
        splits             int   how often the window was asked for in parts
        retries            int   calls that were sent again
        throttled_seconds  float  how long the service made us wait
        state              text  complete, complete but unconfirmed, provisional, partial, failed, not available …
        reason             text  why, in the service's words or ours
        records            int   distinct records of all answers
        pulled             time  when it was asked for
        """
    ),
    tells=(),
)
DERIVED: dict[str, Table] = {COVERAGE.name: COVERAGE}
"""Tables that are no evidence: made of the journal whenever they are asked for. They have no bookkeeping columns."""
