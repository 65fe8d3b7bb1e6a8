"""`python -m specc`, the same as `specc`."""

import sys

from specc.cli import main

sys.exit(main())
