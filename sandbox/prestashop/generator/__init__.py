"""How a sandbox shop is filled: the settings of a fresh install, a generated catalogue, or the demo data of the recordings."""
