"""The HTTP API: the application, what its routes share, routes/ and schemas/."""
