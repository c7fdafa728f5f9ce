"""How an administrator registers the two applications, for evidence and for containment: steps, and PowerShell.

Nothing is registered from here: it is printed for a person to read and to run, or worded for `contain` to send.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.tenant.clouds import Cloud
from toolkit.tenant.directory_roles import ROLES
from toolkit.tenant.permissions import CONTAINMENT, EVIDENCE, application_permissions, delegated_permissions

APIS = {
    "graph": ("Microsoft Graph", "00000003-0000-0000-c000-000000000000"),
    "exchange": ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000"),
    "management": ("Office 365 Management APIs", "c5393580-f805-4401-95e8-94b7a6ef2fc2"),
    "log-analytics": ("Log Analytics API", "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"),
}
"""The service behind each resource, as the portal names it, and its application id, the same in every tenant."""
OPTIONAL = ("log-analytics",)
"""What a tenant without Azure Monitor does not have; the rest works without it."""
NAMES = {EVIDENCE: "Mailbox response: evidence", CONTAINMENT: "Mailbox response: containment"}
MARK = "account-compromise-toolkit"
"""The tag that a registration carries; one without it is touched only when a person names it."""
REDIRECT = "http://localhost"
_OWN_ROLE = {EVIDENCE: "Global Reader", CONTAINMENT: "Exchange Administrator"}
_ENVIRONMENTS = {"gcc-high": "USGov", "dod": "USGovDoD", "china": "China"}


@dataclass(frozen=True)
class Registration:
    """One registration: its `purpose`, whether an app works on its own with it, and the permissions by service."""

    purpose: str
    app_only: bool
    cloud: Cloud

    @property
    def name(self) -> str:
        return f"{NAMES[self.purpose]}, on its own" if self.app_only else NAMES[self.purpose]

    @property
    def tags(self) -> list[str]:
        return [MARK, f"{MARK}-{self.purpose}-{'app-only' if self.app_only else 'signed-in'}"]

    @property
    def permissions(self) -> dict[str, list[str]]:
        """The permissions of each service that the cloud has, by resource; without those for what it lacks."""
        chosen = application_permissions if self.app_only else delegated_permissions
        return {resource: chosen(resource, self.purpose, self.cloud) for resource in APIS if self.cloud.has(resource)}

    @property
    def command(self) -> str:
        """How it is used afterwards."""
        option = "--client-id" if self.purpose == EVIDENCE else "--containment-client-id"
        return f"{option} APPLICATION-ID" + (" --tenant DOMAIN --certificate app.pem" if self.app_only else "")


def steps(registration: Registration) -> list[str]:
    """What to click in the Entra admin center, in order, one text for each step."""
    kind = "Application" if registration.app_only else "Delegated"
    told = [
        f"Entra admin center ▸ App registrations ▸ New registration. Name: “{registration.name}”. Supported account "
        f"types: accounts in this organizational directory only.",
    ]
    if registration.app_only:
        told.append(
            "Certificates & secrets ▸ Certificates ▸ Upload certificate: the public part (.cer) of a certificate whose "
            "key only the analysts have. A secret works too, and is easier to lose."
        )
    else:
        told.append(
            "Authentication ▸ Add a platform ▸ Mobile and desktop applications: http://localhost. Advanced settings ▸ "
            "Allow public client flows: Yes, if people are to sign in by device code."
        )
    for resource, names in registration.permissions.items():
        place = "" if resource == "graph" else "APIs my organization uses ▸ "
        told.append(
            f"API permissions ▸ Add a permission ▸ {place}{APIS[resource][0]} ▸ {kind} permissions: {', '.join(names)}."
            + (" Where it is not listed the tenant has no workspace; leave it out." if resource in OPTIONAL else "")
        )
    told.append("API permissions ▸ take away what was there by default (User.Read) ▸ Grant admin consent.")
    if not registration.app_only:
        told.append("Enterprise applications ▸ the same name ▸ Properties ▸ Assignment required: Yes.")
    told += left_by_hand(registration)
    told.append(f"Overview ▸ copy the Application (client) ID, and use it: {registration.command}.")
    return told


def left_by_hand(registration: Registration) -> list[str]:
    """What an administrator does after it is registered and consented to, one text for each step."""
    if not registration.app_only:
        return ["Enterprise applications ▸ the same name ▸ Users and groups: only those who work on the case."]
    told = [
        f"Roles & admins ▸ {_OWN_ROLE[registration.purpose]} ▸ Add assignments: the application. Without a role "
        f"Exchange answers 403 to it"
        + ("; with this one it can only read." if registration.purpose == EVIDENCE else ", and changes nothing.")
    ]
    if registration.purpose == CONTAINMENT:
        told.append(
            "Resetting passwords and blocking accounts on its own needs User Administrator too; for accounts of "
            "administrators Privileged Authentication Administrator. Better: let a person sign in for these."
        )
    return told


def powershell(registration: Registration) -> str:
    """The same as PowerShell with Microsoft's module Microsoft.Graph; permission ids are looked up in the tenant."""
    own = registration.app_only
    scopes = [
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All" if own else "DelegatedPermissionGrant.ReadWrite.All",
    ]
    if own:
        scopes.append("RoleManagement.ReadWrite.Directory")
    environment = _ENVIRONMENTS.get(registration.cloud.name)
    where = f" -Environment {environment}" if environment else ""
    wanted = ",\n".join(
        f"    @{{ AppId = {_quoted(APIS[resource][1])}; Names = @({', '.join(map(_quoted, names))})"
        f"{'; Optional = $true' if resource in OPTIONAL else ''} }}"
        for resource, names in registration.permissions.items()
    )
    offered, kind = ("AppRoles", "Role") if own else ("Oauth2PermissionScopes", "Scope")
    lines = [
        f"# {registration.name}. Run it as an administrator who may consent for the organisation.",
        f"Connect-MgGraph{where} -Scopes {', '.join(map(_quoted, scopes))}",
        f"$wanted = @(\n{wanted}\n)",
        "$access = foreach ($api in $wanted) {",
        "    $api.Service = Get-MgServicePrincipal -Filter \"appId eq '$($api.AppId)'\"",
        "    if (-not $api.Service -and $api.Optional) { continue }",
        '    if (-not $api.Service) { throw "This tenant has no service $($api.AppId)." }',
        "    $found = @(foreach ($name in $api.Names) {",
        f"        $one = $api.Service.{offered} | Where-Object Value -eq $name | Select-Object -First 1",
        "        if ($one) { $one; continue }",
        '        Write-Warning "$($api.Service.DisplayName) offers no $name here; it is left out."',
        "    })",
        "    if (-not $found) { $api.Service = $null; continue }",
        "    $api.Ids = @($found | ForEach-Object Id)",
        "    $api.Names = @($found | ForEach-Object Value)",
        f"    $each = $api.Ids | ForEach-Object {{ @{{ Id = $_; Type = '{kind}' }} }}",
        "    @{ ResourceAppId = $api.AppId; ResourceAccess = @($each) }",
        "}",
    ]
    tags = ", ".join(map(_quoted, registration.tags))
    if own:
        lines += [
            "$key = [System.IO.File]::ReadAllBytes((Resolve-Path 'app.cer'))  # the certificate's public part",
            f"$app = New-MgApplication -DisplayName {_quoted(registration.name)} -SignInAudience 'AzureADMyOrg' `",
            f"    -Tags {tags} `",
            "    -RequiredResourceAccess @($access) `",
            "    -KeyCredentials @(@{ Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $key })",
            "$own = New-MgServicePrincipal -AppId $app.AppId",
            "foreach ($api in $wanted | Where-Object Service) {",
            "    foreach ($id in $api.Ids) {",
            "        New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $own.Id -PrincipalId $own.Id `",
            "            -ResourceId $api.Service.Id -AppRoleId $id | Out-Null",
            "    }",
            "}",
            f"# {_OWN_ROLE[registration.purpose]}, without which Exchange answers 403",
            "New-MgRoleManagementDirectoryRoleAssignment -PrincipalId $own.Id -DirectoryScopeId '/' `",
            f"    -RoleDefinitionId {_quoted(ROLES[_OWN_ROLE[registration.purpose]])} | Out-Null",
        ]
    else:
        lines += [
            f"$app = New-MgApplication -DisplayName {_quoted(registration.name)} -SignInAudience 'AzureADMyOrg' `",
            f"    -Tags {tags} `",
            "    -IsFallbackPublicClient -PublicClient @{ RedirectUris = @('http://localhost') } `",
            "    -RequiredResourceAccess @($access)",
            "# Only people who are assigned to it can use it.",
            "$own = New-MgServicePrincipal -AppId $app.AppId -AppRoleAssignmentRequired",
            "foreach ($api in $wanted | Where-Object Service) {",
            "    New-MgOauth2PermissionGrant -ClientId $own.Id -ConsentType 'AllPrincipals' `",
            "        -ResourceId $api.Service.Id -Scope ($api.Names -join ' ') | Out-Null",
            "}",
        ]
    lines.append('"Application (client) ID: $($app.AppId)"')
    if not own:
        lines.append('"Now assign the people: Enterprise applications, this name, Users and groups."')
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
