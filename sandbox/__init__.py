"""A simulator of both shops with fault injection. Shares no code with the clients it stands in for."""
