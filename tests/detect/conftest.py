"""An empty case for each test, and the sample's for those that only read."""

from tests.detect.scenario import contoso, contoso_found
from tests.formats.conftest import case

__all__ = ["case", "contoso", "contoso_found"]
