"""Both simulated shops in a process of their own, so that they share neither interpreter nor memory with what is
measured: `python -m benchmarks.serve '{"products": 5000}'` prints the access facts as one line of JSON.
"""

import json
import sys

from sandbox.server import Sandbox


def main() -> None:
    """Serve until SIGTERM."""
    with Sandbox(**json.loads(sys.argv[1])) as shops:
        print(json.dumps({**shops.settings(), "auth_code": shops.auth_code()}), flush=True)
        shops.serve_forever()


if __name__ == "__main__":
    main()
