"""The geo-dvf files of French property sales on loopback."""

from tests.sandbox.dvf.publisher import CODE, Dvf

__all__ = ["CODE", "Dvf"]
