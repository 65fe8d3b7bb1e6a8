"""What can go wrong in tuning, beside what goes wrong in evaluating."""

from __future__ import annotations


class TuneError(Exception):
    """There is nothing that could be tuned. The message says why, and what would help."""
