"""Public servers are built and loaded only where everything was asked for: that takes minutes and the module proxy."""

import os

from tests import crossing

collect_ignore_glob = [] if crossing.is_whole(os.environ) else ["test_*.py"]
