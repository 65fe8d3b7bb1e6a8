"""Text to syntax tree: reading files, lexing, parsing with recovery. Names are not resolved here."""
