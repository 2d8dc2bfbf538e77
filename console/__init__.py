"""People's side: the command line."""
