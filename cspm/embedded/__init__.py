"""PostgreSQL and Valkey from wheels, started by us on private Unix sockets."""
