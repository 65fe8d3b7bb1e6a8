"""specc: declare what a small neural network must do on which hardware; check it, measure it, explain it."""

__version__ = "0.1.0"
