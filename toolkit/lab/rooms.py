"""The folders that JupyterLab uses for one case, and the settings that keep it quiet and offline.

They lie in the user's own state folder, not in the case: Jupyter runs what it finds in its configuration
folder, so a case folder received from somebody else must not be able to bring one along, and a case that is
handed over must not carry the keys of the machine it was worked on.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

APP = "account-compromise-toolkit"
ANNOUNCEMENTS = "@jupyterlab/apputils-extension:announcements"
INHERITED = ("JUPYTER_", "JUPYTERLAB_", "IPYTHON")
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/extensionmanager-extension/plugin": {"enabled": False},
    # With any other mode outputs that are scrolled away leave the page, and a search or a print misses them.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # What a widget holds on the screen must not be written into the notebook file.
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": False},
}


@dataclass(frozen=True)
class Rooms:
    """Jupyter's folders for one case; `home` holds them all."""

    home: Path

    @property
    def config(self) -> Path:
        return self.home / "config"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def runtime(self) -> Path:
        return self.home / "runtime"

    @property
    def settings(self) -> Path:
        return self.home / "settings"

    @property
    def workspaces(self) -> Path:
        return self.home / "workspaces"

    @property
    def ipython(self) -> Path:
        return self.home / "ipython"

    @property
    def log(self) -> Path:
        return self.home / "jupyter.log"

    def environment(self, case_folder: Path) -> dict[str, str]:
        """This process's environment for JupyterLab and its kernels: our folders, and none of the user's own."""
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(INHERITED)}
        return kept | {
            "TOOLKIT_CASE": str(case_folder),
            "JUPYTER_CONFIG_DIR": str(self.config),
            "JUPYTER_DATA_DIR": str(self.data),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTERLAB_SETTINGS_DIR": str(self.settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.workspaces),
            "IPYTHONDIR": str(self.ipython),
        }


def rooms_for(case_folder: Path) -> Rooms:
    """The rooms of the case in `case_folder`, made if they are missing.

    Settings that the user changed in JupyterLab are kept.
    """
    mark = hashlib.sha256(str(case_folder).encode()).hexdigest()[:10]
    rooms = Rooms(user_state_path(APP, appauthor=False) / "lab" / f"{case_folder.name}-{mark}")
    rooms.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (rooms.config, rooms.data, rooms.runtime, rooms.settings, rooms.workspaces, rooms.ipython):
        folder.mkdir(exist_ok=True, mode=0o700)
    page = {"disabledExtensions": {ANNOUNCEMENTS: True}}
    _write_if_missing(rooms.config / "labconfig" / "page_config.json", page)
    for name, values in SETTINGS.items():
        _write_if_missing(rooms.settings / f"{name}.jupyterlab-settings", values)
    return rooms


def _write_if_missing(path: Path, values: dict[str, Any]) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values, indent=2), "utf-8")
