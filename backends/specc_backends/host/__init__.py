"""The host: the same C, compiled natively and timed by the monotonic clock."""

from specc_backends.host.backend import HostBackend

__all__ = ["HostBackend"]
