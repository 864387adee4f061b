"""The operations of a client, by what they are about. Each is written once for both clients."""
