"""Measuring: the protocol backends implement, results with provenance, their store, statistics, verdicts."""
