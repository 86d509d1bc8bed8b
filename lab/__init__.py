"""A demo AWS organisation, served over HTTP: moto behind a shim that adds what moto leaves out."""

import os

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # read by moto when it is first imported
