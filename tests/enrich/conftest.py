"""An empty case for each test."""

from tests.formats.conftest import case

__all__ = ["case"]
