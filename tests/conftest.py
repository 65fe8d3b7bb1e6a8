"""Settings that every test shares."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadline: the suite runs in parallel on busy machines, and a slow example is not a wrong one. Reproducible, so that
# a change is judged by the examples it was tried on.
settings.register_profile(
    "specc", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("specc")

# No test is answered by what another run has stored in the user's cache; those of the cache have one of their own.
os.environ["SPECC_NO_CACHE"] = "1"
