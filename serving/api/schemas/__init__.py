"""Requests and responses of the HTTP API as schemas, a module for each group of routes."""
