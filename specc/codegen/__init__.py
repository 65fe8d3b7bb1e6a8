"""From a quantized network to C, and from C to a program."""
