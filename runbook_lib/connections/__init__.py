"""The only room with sockets and processes."""
