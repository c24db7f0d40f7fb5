"""Publishers on loopback that behave like the real ones."""

from tests.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
