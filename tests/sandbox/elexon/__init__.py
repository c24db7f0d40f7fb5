"""Elexon's Insights Solution API on loopback."""

from tests.sandbox.elexon.publisher import Elexon

__all__ = ["Elexon"]
