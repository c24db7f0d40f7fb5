"""Millrace's loaders: declared datasets, read in constant memory, written exactly once.

`loaders.catalogue` says what can be loaded, `loaders.load` loads it. Importing this package needs no environment,
no network and no secret.
"""
