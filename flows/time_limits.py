"""How long a run may take (seconds). One that hangs would keep its deployment's only slot for ever.

A run that is ended by its limit is as good as killed: what it sent is on record, and the next run goes on from there.
"""

from typing import Final

HOUR: Final = 3600

# What looks every few minutes.
FREQUENT: Final = 2 * HOUR
# What passes over a whole catalogue or some days of orders.
LONG: Final = 6 * HOUR
# The first upload of a large catalogue: 100,000 products at three calls a second.
UPLOAD: Final = 24 * HOUR
