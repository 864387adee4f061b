"""`shelflens demo`: the service runs, an invented shop goes into it, and there are requests to try."""

from shelflens.cli.demo.run import run_demo

__all__ = ["run_demo"]
