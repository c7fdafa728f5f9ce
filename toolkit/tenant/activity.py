"""The Management Activity API's calls: the feed's address, and what is asked of its subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from toolkit.tenant.clouds import Cloud
from toolkit.tenant.gate import Call

CONTENT_TYPES: Mapping[str, str] = {
    "Audit.Exchange": "mailboxes and their settings",
    "Audit.AzureActiveDirectory": "sign-ins and the directory",
    "Audit.SharePoint": "files of SharePoint and OneDrive",
    "Audit.General": "everything else",
}
"""What the feed is divided into, and what each has."""


def activity_call(cloud: Cloud, tenant_id: str, method: str, path: str, **query: str) -> Call:
    """Word a call to `/api/v1.0/{tenant}/activity/feed`; nothing is sent. The publisher is the tenant itself.

    Raises:
        UsageError: the cloud has no such API.
    """
    asked = query | {"PublisherIdentifier": tenant_id}
    text = "&".join(f"{name}={quote(value, safe=':')}" for name, value in asked.items())
    return Call(method, f"{cloud.base('management')}/api/v1.0/{tenant_id}/activity/feed{path}?{text}")
