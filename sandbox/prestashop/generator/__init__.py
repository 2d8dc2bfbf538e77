"""How a sandbox shop is filled: a fresh install's settings, then a generated catalogue or the recorded demo data."""
