"""Sections of the guidelines document, as data. Each module prepares one; the templates set them."""
