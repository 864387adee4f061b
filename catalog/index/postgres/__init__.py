"""The index in PostgreSQL: tables of a schema, with pgvector's approximate index over the embeddings."""
