"""Speed as a ratio and memory as a ceiling, at real volume: `task bench`."""
