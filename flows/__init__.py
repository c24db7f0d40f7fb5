"""Order: which load and which build come after which, as Prefect flows over what the command line runs."""
