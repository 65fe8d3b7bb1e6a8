"""Other people's runtimes on the same network and the same inputs: what a user would get without specc's code."""

from specc_backends.baselines.runtimes import installed, measure_baseline

__all__ = ["installed", "measure_baseline"]
