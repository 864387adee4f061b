"""Requests and answers of `serving.api.routes.offers`."""
