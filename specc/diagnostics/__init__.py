"""Diagnostics: stable codes, messages with exact places, and the ways to print them."""
