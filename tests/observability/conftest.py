"""Rules and dashboards against the metrics that the code makes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
