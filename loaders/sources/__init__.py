"""Publishers, one a folder: declarations, and a reader where the format is unlike all others. None knows another."""
