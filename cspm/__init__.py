"""CSPM: posture, drift and safe repair for AWS networks."""
