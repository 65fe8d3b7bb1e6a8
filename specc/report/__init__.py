"""Showing results: documents of sections and blocks, and text for the terminal. It runs no backend."""
