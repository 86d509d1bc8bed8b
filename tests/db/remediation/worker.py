"""A worker in a process of its own, so that tests can kill and suspend it.

Run as `python -m tests.db.remediation.worker LEASE_SECONDS CALL_SECONDS`.
"""

import os
import sys
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspm.settings")

import django

django.setup()

from inventory import aws  # noqa: E402 - Django has to be there first
from remediation.execute import Pace, execute_due  # noqa: E402


def main() -> None:
    lease, call = (float(each) for each in sys.argv[1:3])
    aws.configure(timeout=call)
    aws.forget()
    done = execute_due(
        Pace(
            lease=timedelta(seconds=lease),
            call_timeout=timedelta(seconds=call),
            verify_within=timedelta(seconds=10),
            first_pause=timedelta(milliseconds=50),
        )
    )
    print(done, flush=True)


if __name__ == "__main__":
    main()
