"""Codes of the text itself, of names and of values (E0xxx, E1xxx, E2xxx and their warnings)."""

from __future__ import annotations
