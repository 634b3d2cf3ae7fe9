-- What the image makes of itself in a new database, and in a clone that has none: the role that the
-- operator grants to the users it creates.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'admin') THEN
        CREATE ROLE admin CREATEDB NOLOGIN;
    END IF;
END
$$;
