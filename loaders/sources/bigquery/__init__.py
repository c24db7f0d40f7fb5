"""Tables of BigQuery of any size as Arrow batches, in constant memory: `read_table` and `read_query`.

Google's libraries come with the extra `bigquery` and are imported at the moment of use.
"""

from loaders.sources.bigquery.read import read_query, read_table

__all__ = ["read_query", "read_table"]
