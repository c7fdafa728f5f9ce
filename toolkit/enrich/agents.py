"""User agents as system and browser, by ua-parser, for the distinct texts of a case."""

from __future__ import annotations

import re

import ua_parser

# What ua-parser and Entra's device detail call one system.
_SYSTEMS = {
    "windows": "Windows",
    "mac": "macOS",
    "ios": "iOS",
    "ipad": "iOS",
    "android": "Android",
    "ubuntu": "Linux",
    "linux": "Linux",
    "fedora": "Linux",
    "debian": "Linux",
    "chrome os": "ChromeOS",
    "chromeos": "ChromeOS",
}


def system(name: str | None) -> str | None:
    """`Windows 10`, `Windows11`, `Mac OS X`, `MacOs`, `Ios 17.1` → one name a system, without its version."""
    plain = re.sub(r"[^a-z ]", "", (name or "").lower()).strip()
    return next((known for start, known in _SYSTEMS.items() if plain.startswith(start)), None)


def families(user_agent: str) -> tuple[str | None, str | None]:
    """System and browser of a user agent, each None where the text does not tell it."""
    parsed = ua_parser.parse(user_agent)
    browser = parsed.user_agent.family if parsed.user_agent else None
    if browser:
        browser = re.sub(r"^(Mobile )?(.*?)( Mobile| iOS| WebView.*)?$", r"\2", browser)
    return system(parsed.os.family if parsed.os else None), browser
