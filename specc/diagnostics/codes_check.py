"""Codes of what the checker proves (E3xxx, E4xxx, E5xxx and their warnings)."""

from __future__ import annotations
