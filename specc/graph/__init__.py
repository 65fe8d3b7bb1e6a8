"""The network graph: what is computed, free of how numbers are represented and of any target."""
