-- What is in a database: the number of rows and a digest of every table at one moment, as JSON.
--
--   kubectl -n NAMESPACE exec -i POD -c postgres -- psql -X -U postgres -d core \
--       < docs/fingerprint.sql > after.json
--
-- Two documents of the same rows have the same lines. What differs between two; nothing, when all is back:
--
--   diff <(jq -S '.skipped, .tables' before.json) <(jq -S '.skipped, .tables' after.json)
--
-- After a restore cluster.system_identifier is the same and cluster.timeline is higher; in_recovery,
-- server_version, collation_version_now and snapshot may differ. docs/restore.md says what to make of it.
--
-- database.sorts is `11 < 1-1` with the collations of Ubuntu 18.04 (USE_OLD_LOCALES) and `1-1 < 11` with
-- those of Ubuntu 22.04.
--
-- A digest is the sum of the SHA-256 of all rows as text, in four lanes of 64 bits. The order of the rows
-- and where they lie do not matter; a row that is there twice counts twice. It tells every difference that
-- happens by accident, but not one made by somebody who looks for other rows with the same sum. It shows no
-- row, but it can confirm a guess at a table with a single one: do not publish it.
--
-- Read: ordinary tables and partitions in all schemas but PostgreSQL's own. Not read: views, foreign tables,
-- large objects, and sequences, which run ahead after a restore.
--
-- PostgreSQL 12 to 17, leader or hot standby. It writes nothing and reads each table once. When a table
-- cannot be read it ends with status 3 and without a document. On a standby a long run may be cancelled
-- (`conflict with recovery`): run it again, or on the leader.

\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset footer off

BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- The text of a value must not depend on who asks, and a policy must not hide rows without an error.
SET LOCAL search_path = pg_catalog;
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL TimeZone = 'UTC';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;
SET LOCAL row_security = off;
SET LOCAL statement_timeout = 0;

-- Makes the query that makes the document, which \gexec runs. It has one SELECT for each table. OFFSET 0
-- keeps the planner from working a hash out four times.
WITH stored AS (
    SELECT format('%I.%I', nspname, relname) AS name,
           CASE WHEN relpersistence = 'u' THEN 'unlogged: a restore leaves it empty'
                WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN 'no permission'
                WHEN NOT has_table_privilege(c.oid, 'SELECT') THEN 'no permission'
           END AS skipped
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
), selects AS (
    SELECT format($table$
    UNION ALL
    SELECT %L, count(*),
           sum(('x' || substr(hash, 1, 16))::bit(64)::bigint),
           sum(('x' || substr(hash, 17, 16))::bit(64)::bigint),
           sum(('x' || substr(hash, 33, 16))::bit(64)::bigint),
           sum(('x' || substr(hash, 49, 16))::bit(64)::bigint)
    FROM (SELECT encode(sha256(convert_to(ROW(it.*)::text, getdatabaseencoding())), 'hex') AS hash
          FROM ONLY %s AS it OFFSET 0) AS hashed$table$, name, name) AS one
    FROM stored WHERE skipped IS NULL
)
SELECT format($query$
WITH summed(name, counted, a, b, c, d) AS (
    SELECT NULL, 0, 0, 0, 0, 0 WHERE false%s
), digested AS (
    SELECT name, counted,
           encode(sha256(convert_to(format('%%s %%s %%s %%s', a, b, c, d), 'UTF8')), 'hex') AS digest
    FROM summed
), cluster AS (
    SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
           CASE WHEN pg_is_in_recovery()
                THEN (SELECT greatest(timeline_id, min_recovery_end_timeline)
                      FROM pg_control_checkpoint(), pg_control_recovery())
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
           END AS timeline,
           pg_is_in_recovery() AS in_recovery,
           current_setting('server_version') AS server_version
), database AS (
    SELECT datname AS name,
           pg_encoding_to_char(encoding) AS encoding,
           datcollate AS collate,
           datctype AS ctype,
           to_jsonb(d) ->> 'datcollversion' AS collation_version,  -- since PostgreSQL 15
           (SELECT pg_collation_actual_version(oid) FROM pg_collation
            WHERE collname = 'default' AND collnamespace = 'pg_catalog'::regnamespace
           ) AS collation_version_now,
           (SELECT string_agg(word, ' < ' ORDER BY word)
            FROM unnest('{1-1,11}'::text[]) AS word) AS sorts
    FROM pg_database AS d WHERE datname = current_database()
), snapshot AS (
    SELECT now() AS time,
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                ELSE pg_current_wal_lsn() END AS lsn
)
SELECT format(
    E'{\n  "cluster": %%s,\n  "database": %%s,\n  "snapshot": %%s,\n  "skipped": %%s,\n  "tables": {%%s\n  }\n}',
    (SELECT row_to_json(cluster) FROM cluster),
    (SELECT row_to_json(database) FROM database),
    (SELECT row_to_json(snapshot) FROM snapshot),
    %L,
    (SELECT string_agg(format(E'\n    %%s: {"rows": %%s, "digest": "%%s"}',
                              to_json(name), counted, digest), ',' ORDER BY name COLLATE "C")
     FROM digested))
$query$,
    (SELECT string_agg(one, '') FROM selects),
    (SELECT coalesce(json_object_agg(name, skipped ORDER BY name COLLATE "C"), '{}')
     FROM stored WHERE skipped IS NOT NULL))
\gexec

COMMIT;
