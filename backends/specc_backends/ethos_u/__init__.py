"""Arm Ethos-U accelerators, estimated by Arm's own compiler Vela. Nothing runs: the figures are predictions."""

from specc_backends.ethos_u.backend import EthosUBackend

__all__ = ["EthosUBackend"]
