#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from cspm.embedded.running import adopt

if __name__ == "__main__":
    adopt(Path(os.environ.get("CSPM_HOME", Path(__file__).parent / ".run")), os.environ)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspm.settings")
    execute_from_command_line(sys.argv)
