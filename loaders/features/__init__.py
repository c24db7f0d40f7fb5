"""Features of a table of any size in constant memory: `prepare_data`, or `millrace features fit` and `transform`."""

from loaders.features.fitted import Fit
from loaders.features.prepare import Prepared, prepare_data
from loaders.features.split import HashSplit, TemporalSplit
from loaders.features.transform import Transformer

__all__ = ["Fit", "HashSplit", "Prepared", "TemporalSplit", "Transformer", "prepare_data"]
