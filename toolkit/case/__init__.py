"""A case is a folder: evidence, tables, findings, verdicts, journal."""

from toolkit.case.case import Case, open_case

__all__ = ["Case", "open_case"]
