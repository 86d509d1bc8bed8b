"""The vocabulary of AWS networks and its engine: pure values, no I/O."""
