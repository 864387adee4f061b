"""The embedded index: an engine within this process, in a folder that one process at a time may open."""
