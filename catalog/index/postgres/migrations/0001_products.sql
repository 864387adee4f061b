-- What is read together lies together. A change of an offer leaves the embedding's row, and so the approximate index,
-- as it is; what is scanned by words and filters is not as wide as the records.
CREATE TABLE shelflens_index (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    identity text NOT NULL,
    width integer NOT NULL,
    model jsonb,
    products bigint NOT NULL DEFAULT 0,
    written timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE TABLE embeddings (
    id uuid PRIMARY KEY,
    embedding vector NOT NULL
) WITH (toast_tuple_target = 8160);

CREATE TABLE records (
    id uuid PRIMARY KEY,
    version text NOT NULL,
    record text NOT NULL
);

-- labels: a hash of each field's name with each of its values; terms, weights: the words, see codec.py.
CREATE TABLE products (
    id uuid PRIMARY KEY,
    price double precision,
    sureness double precision,
    added_at double precision,
    price_until double precision,
    labels bigint[] NOT NULL,
    terms integer[] NOT NULL,
    weights sparsevec NOT NULL,
    fields jsonb NOT NULL
) WITH (toast_tuple_target = 8160);

CREATE INDEX products_by_label ON products USING gin (labels) WITH (gin_pending_list_limit = 512);
CREATE INDEX products_by_term ON products USING gin (terms) WITH (gin_pending_list_limit = 512);
CREATE INDEX products_by_price ON products (price, id) WHERE price IS NOT NULL;
CREATE INDEX products_by_sureness ON products (sureness, id) WHERE sureness IS NOT NULL;
CREATE INDEX products_by_added_at ON products (added_at, id) WHERE added_at IS NOT NULL;
CREATE INDEX products_by_price_until ON products (price_until, id) WHERE price_until IS NOT NULL;

-- How many products have a term, which says how rare it is. Counting when it is asked would read all of them.
CREATE TABLE term_counts (
    term integer PRIMARY KEY,
    products integer NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE FUNCTION count_terms() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    added bigint := 0;
BEGIN
    -- Until the writer commits nobody else counts, so that no two wait for each other.
    PERFORM pg_advisory_xact_lock(TG_RELID::bigint);
    IF TG_OP = 'INSERT' THEN
        added := (SELECT count(*) FROM new_rows);
        INSERT INTO term_counts AS known
            SELECT term, count(*) FROM new_rows, unnest(terms) AS term GROUP BY term
            ON CONFLICT (term) DO UPDATE SET products = known.products + excluded.products;
    ELSIF TG_OP = 'DELETE' THEN
        added := -(SELECT count(*) FROM old_rows);
        UPDATE term_counts AS known SET products = known.products - lost.products
            FROM (SELECT term, count(*) AS products FROM old_rows, unnest(terms) AS term GROUP BY term) AS lost
            WHERE known.term = lost.term;
    ELSE
        INSERT INTO term_counts AS known
            SELECT term, sum(one) FROM (
                SELECT unnest(terms) AS term, 1 AS one FROM new_rows
                UNION ALL SELECT unnest(terms), -1 FROM old_rows
            ) AS changes GROUP BY term HAVING sum(one) <> 0
            ON CONFLICT (term) DO UPDATE SET products = known.products + excluded.products;
    END IF;
    UPDATE shelflens_index SET products = products + added, written = clock_timestamp();
    RETURN NULL;
END
$$;

CREATE TRIGGER count_terms_inserted AFTER INSERT ON products REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_terms();
CREATE TRIGGER count_terms_updated AFTER UPDATE ON products REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_terms();
CREATE TRIGGER count_terms_deleted AFTER DELETE ON products REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_terms();
