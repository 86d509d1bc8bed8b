"""What exists: accounts, shards, resources, and how they are read from AWS."""
