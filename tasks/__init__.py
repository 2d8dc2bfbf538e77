"""One retryable step on one batch: read a page, decide with rules, write models, call a client."""
