"""Whether a browser that is opened here is one that the person in front of the screen can see; and opening it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

_ELSEWHERE = {
    "JUPYTERHUB_USER": "this notebook runs on a JupyterHub",
    "JUPYTERHUB_API_TOKEN": "this notebook runs on a JupyterHub",
    "JUPYTERHUB_SERVICE_PREFIX": "this notebook runs on a JupyterHub",
    "SSH_CONNECTION": "you are connected by SSH",
    "SSH_TTY": "you are connected by SSH",
    "CODESPACES": "this runs in a codespace",
    "COLAB_RELEASE_TAG": "this notebook runs in Colab",
    "KUBERNETES_SERVICE_HOST": "this runs in a container",
}
_CONTAINERS = (Path("/.dockerenv"), Path("/run/.containerenv"))
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "")


def browser_is_elsewhere(
    environ: Mapping[str, str] | None = None,
    *,
    platform: str = sys.platform,
    containers: tuple[Path, ...] = _CONTAINERS,
    page: str | None = None,
) -> str:
    """Why a browser opened by this process would not be the person's own ("" if it would be).

    `page` is the address of the Jupyter server that this kernel belongs to; without it that is looked up.
    """
    given = os.environ if environ is None else environ
    for name, reason in _ELSEWHERE.items():
        if given.get(name):
            return reason
    if any(file.exists() for file in containers):
        return "this runs in a container"
    host = urlsplit(_page(given) if page is None else page).hostname or ""
    if host not in _LOOPBACK:
        return f"this notebook is served by {host}"
    if platform.startswith("linux") and not (given.get("DISPLAY") or given.get("WAYLAND_DISPLAY")):
        windows = given.get("WSL_DISTRO_NAME")
        return "" if windows else "this computer has no screen"
    return ""


def open_browser(address: str) -> bool:
    """Open an address in the person's browser; whether that worked, as far as can be told.

    In the Windows Subsystem for Linux that is the browser of Windows.
    """
    try:
        if webbrowser.open(address):
            return True
        if not os.environ.get("WSL_DISTRO_NAME"):
            return False
        for program in ("wslview", "explorer.exe"):
            if found := shutil.which(program):
                # explorer.exe ends with 1 where it worked. The address is MSAL's own.
                return subprocess.run([found, address], check=False).returncode in (0, 1)  # noqa: S603
    except (OSError, webbrowser.Error):
        pass
    return False


def _page(environ: Mapping[str, str]) -> str:
    """The address of the Jupyter server that started this kernel; "" where it is none, or cannot be told."""
    parent = environ.get("JPY_PARENT_PID", "")
    if not parent.isdigit():
        return ""
    try:
        from jupyter_server.serverapp import list_running_servers

        return next((str(server["url"]) for server in list_running_servers() if server["pid"] == int(parent)), "")
    except (ImportError, OSError, ValueError, KeyError):
        return ""
