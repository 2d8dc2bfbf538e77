"""The two shops' APIs over httpx, and what both share: errors, retry, call budget. No database, no Prefect."""
