"""Files of the US power markets: seven dialects read by a few shared shapes that `layout` configures."""
