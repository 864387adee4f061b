"""The service: HTTP routes over one `Understander`, run by Ray Serve."""
