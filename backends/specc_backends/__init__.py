"""Backends that measure: one package each, found by specc through entry points."""
