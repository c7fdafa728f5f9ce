"""The lab: one command that opens a case in JupyterLab, and for the practice case starts its tenant.

`rooms` says which folders a lab uses, `pages` puts the notebooks into the case, `practice_case` makes the case
to learn on, `server` is JupyterLab in a process of its own, `session` ties them together and ends them together.
"""

from toolkit.lab.session import run_lab

__all__ = ["run_lab"]
