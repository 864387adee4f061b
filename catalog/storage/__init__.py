"""Files that appear whole, SQLite files, and checksums over what both hold."""
