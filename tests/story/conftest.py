"""An empty case for each test, and the sample's for those that only read."""

from tests.detect.scenario import contoso
from tests.formats.conftest import case

__all__ = ["case", "contoso"]
