"""docs/fingerprint.sql on a real PostgreSQL: what makes two documents differ, and what does not."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from polling import wait_for
from postgresql import DEBIAN, SCRIPT, Server

# Further servers, as folders with initdb and postgres, separated by colons.
OTHERS = [Path(it) for it in os.environ.get("POSTGRESQL_BINS", "").split(":") if it]
WITHOUT_OTHERS = pytest.param(
    DEBIAN, marks=pytest.mark.skip("POSTGRESQL_BINS names no server of another version")
)

HARBOR = """
    CREATE TABLE project (project_id serial PRIMARY KEY, name varchar(255) NOT NULL UNIQUE);
    CREATE TABLE tag (id int, name text, note text, pushed timestamptz, size float8, raw bytea);
    INSERT INTO project (name) VALUES ('library'), ('private');
    INSERT INTO tag SELECT n, 'v' || n, NULL, '2026-11-20 02:00+00', n / 3.0, '\\xdead'
        FROM generate_series(1, 100) AS n;
"""

# What is done to the one database, and what to the other.
DIFFERENCES = {
    "one byte": ("", "UPDATE tag SET name = 'v8' WHERE id = 7"),
    "one row more": ("", "INSERT INTO tag VALUES (101)"),
    "one row less": ("", "DELETE FROM tag WHERE id = 7"),
    "null and empty": ("", "UPDATE tag SET note = '' WHERE id = 7"),
    "null and its name": ("", "UPDATE tag SET note = 'NULL' WHERE id = 7"),
    "in the next column": ("", "UPDATE tag SET name = NULL, note = name WHERE id = 7"),
    "in the next row": (
        "",
        "UPDATE tag SET name = CASE id WHEN 7 THEN 'v8' ELSE 'v7' END WHERE id IN (7, 8)",
    ),
    "the last bit of a number": (
        "UPDATE tag SET size = 0.3 WHERE id = 7",
        "UPDATE tag SET size = 0.30000000000000004 WHERE id = 7",
    ),
    "a row twice": ("", "INSERT INTO tag SELECT * FROM tag WHERE id = 7"),
    "a row three times, where a xor sees none": (
        "",
        "INSERT INTO tag SELECT tag.* FROM tag, generate_series(1, 2) WHERE id = 7",
    ),
    "another row twice": (
        "INSERT INTO tag SELECT * FROM tag WHERE id = 7",
        "INSERT INTO tag SELECT * FROM tag WHERE id = 8",
    ),
}


@pytest.fixture(scope="session")
def folder() -> Iterator[Callable[[str], Path]]:
    """Makes folders whose paths are short enough for a socket."""
    base = Path(tempfile.mkdtemp(prefix="hpw-"))
    base.chmod(0o755)

    def make(name: str) -> Path:
        (base / name).mkdir()
        return base / name / "data"

    yield make
    shutil.rmtree(base)


@pytest.fixture(scope="session")
def server(folder: Callable[[str], Path]) -> Iterator[Server]:
    it = Server(DEBIAN, folder("leader"))
    it.init()
    it.start()
    yield it
    it.stop()


@pytest.fixture
def fresh(server: Server) -> Iterator[Callable[[str], str]]:
    """Makes databases of Harbor's kind; a test may want two."""
    made: list[str] = []

    def make(sql: str = HARBOR) -> str:
        made.append(f"core_{len(made)}")
        server.run("postgres", f"CREATE DATABASE {made[-1]} TEMPLATE template0")
        server.run(made[-1], sql)
        return made[-1]

    yield make
    for it in made:
        server.run("postgres", f"DROP DATABASE {it}")


def test_the_order_and_the_place_of_rows_do_not_matter(server, fresh):
    one, other = fresh(), fresh()
    server.run(
        other,
        """
        CREATE TABLE kept AS SELECT * FROM tag;
        DELETE FROM tag;
        INSERT INTO tag SELECT * FROM kept ORDER BY id DESC;
        DROP TABLE kept;
        ALTER TABLE tag ADD COLUMN gone int;
        ALTER TABLE tag DROP COLUMN gone;
        VACUUM FULL tag;
        """,
    )
    assert server.run(one, "SELECT id FROM tag LIMIT 1") == "1"
    assert server.run(other, "SELECT id FROM tag LIMIT 1") == "100"
    assert server.tables(one) == server.tables(other)
    assert server.tables(one)["public.tag"]["rows"] == 100


@pytest.mark.parametrize(("before", "after"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_a_difference_is_seen_and_where_it_is(server, fresh, before, after):
    one, other = fresh(), fresh()
    server.run(one, before)
    server.run(other, after)
    one, other = server.tables(one), server.tables(other)
    assert one["public.project"] == other["public.project"]
    assert one["public.tag"]["digest"] != other["public.tag"]["digest"]


def test_names_that_need_quotes(server, fresh):
    """A column may be called like anything that the script uses itself."""
    name = """Odd "%s" it's $query$ :x \\ {}"""
    quoted = '"' + name.replace('"', '""') + '"'
    it = fresh(
        f"""
        CREATE SCHEMA "Other";
        CREATE TABLE "Other".{quoted} (it int, hash text, name text, counted int);
        INSERT INTO "Other".{quoted} VALUES (1, 'a', 'b', 2);
        CREATE TABLE "select" ();
        INSERT INTO "select" DEFAULT VALUES;
        """
    )
    assert {table: them["rows"] for table, them in server.tables(it).items()} == {
        f'"Other".{quoted}': 1,
        'public."select"': 1,
    }


def test_an_empty_database(server, fresh):
    document = server.document(fresh(""))
    assert (document["tables"], document["skipped"]) == ({}, {})


def test_partitions_and_children_are_counted_once(server, fresh):
    it = fresh(
        """
        CREATE TABLE log (id int) PARTITION BY RANGE (id);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
        CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (100);
        INSERT INTO log SELECT generate_series(1, 50);
        CREATE TABLE parent (id int);
        CREATE TABLE child () INHERITS (parent);
        INSERT INTO parent VALUES (1);
        INSERT INTO child VALUES (1), (2);
        """
    )
    assert {table: them["rows"] for table, them in server.tables(it).items()} == {
        "public.log_1": 9,
        "public.log_2": 41,
        "public.parent": 1,
        "public.child": 2,
    }


def test_the_settings_of_a_database_do_not_matter(server, fresh):
    one, other = fresh(), fresh()
    settings = {
        "DateStyle": "'SQL, DMY'",
        "TimeZone": "'Asia/Tokyo'",
        "bytea_output": "escape",
        "extra_float_digits": "-5",
        "search_path": "nowhere",
        "default_transaction_isolation": "'read committed'",
        "default_transaction_read_only": "on",
    }
    for name, value in settings.items():
        server.run("postgres", f"ALTER DATABASE {other} SET {name} = {value}")
    assert server.run(other, "SHOW TimeZone") == "Asia/Tokyo"
    assert server.tables(one) == server.tables(other)


def test_what_is_not_read_is_said(server, fresh):
    it = fresh()
    server.run(
        it,
        """
        CREATE ROLE reader LOGIN;
        GRANT SELECT ON project TO reader;
        CREATE SCHEMA closed;
        CREATE TABLE closed.inside (id int);
        GRANT SELECT ON closed.inside TO reader;
        CREATE UNLOGGED TABLE scratch (id int);
        """,
    )
    document = server.document(it, user="reader")
    assert document["skipped"] == {
        "closed.inside": "no permission",
        "public.scratch": "unlogged: a restore leaves it empty",
        "public.tag": "no permission",
    }
    assert document["tables"] == {"public.project": server.tables(it)["public.project"]}

    # Hiding rows without a word is PostgreSQL's default for a policy.
    server.run(it, "ALTER TABLE project ENABLE ROW LEVEL SECURITY")
    done = server.fingerprint(it, user="reader")
    assert (done.returncode, done.stdout) == (3, "")
    assert "row-level security" in done.stderr


def test_all_tables_are_seen_at_one_moment(server, fresh):
    """While the script waits for one table, another transaction moves a row between two: all is as
    it was before, although the script reads after the move."""
    it = fresh()
    before = server.tables(it)
    writer = subprocess.Popen(
        server.psql(it, "-qAt"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    writer.stdin.write(
        """BEGIN;
        LOCK TABLE tag;
        INSERT INTO project (name) SELECT name FROM tag WHERE id = 7;
        DELETE FROM tag WHERE id = 7;
        SELECT 'moved';
        """
    )
    writer.stdin.flush()
    assert writer.stdout.readline() == "moved\n"

    with SCRIPT.open() as script:
        reader = subprocess.Popen(server.psql(it), stdin=script, stdout=subprocess.PIPE, text=True)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM "
    waiting += f"pg_database WHERE datname = '{it}')"
    wait_for("the script waits", lambda: server.run("postgres", waiting) == "1", every=0.1)
    writer.communicate("COMMIT;")
    seen, _ = reader.communicate(timeout=30)
    assert json.loads(seen)["tables"] == before
    assert server.tables(it) != before


def test_a_standby_says_the_same_also_when_it_is_promoted(server, fresh, folder):
    it = fresh()
    leader = server.document(it)
    assert leader["cluster"]["timeline"] == 1
    standby = Server(DEBIAN, folder("standby"))
    standby.copy_of(server)
    standby.start()
    try:
        copy = standby.document(it)
        assert copy["cluster"] == {**leader["cluster"], "in_recovery": True}
        assert copy["tables"] == leader["tables"]
        standby.run("postgres", "SELECT pg_promote()")
        copy = standby.document(it)
        assert copy["cluster"] == {**leader["cluster"], "timeline": 2}
        assert copy["database"] == leader["database"]
        assert copy["tables"] == leader["tables"]
    finally:
        standby.stop()


def test_the_document_says_which_database_it_is(server, fresh):
    it = fresh()
    document = server.document(it)
    assert list(document) == ["cluster", "database", "snapshot", "skipped", "tables"]
    assert document["cluster"] == {
        "system_identifier": server.run(it, "SELECT system_identifier FROM pg_control_system()"),
        "timeline": 1,
        "in_recovery": False,
        "server_version": server.run(it, "SHOW server_version"),
    }
    assert document["database"] == {
        "name": it,
        "encoding": "UTF8",
        "collate": "C",
        "ctype": "C",
        "collation_version": None,
        "collation_version_now": None,
        "sorts": "1-1 < 11",
    }
    assert set(document["snapshot"]) == {"time", "lsn"}


def test_no_row_is_shown(server, fresh):
    done = server.fingerprint(fresh("CREATE TABLE secret AS SELECT 'hunter2' AS password"))
    assert "public.secret" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_the_comparison_of_the_script_shows_the_table(server, fresh, tmp_path):
    command = re.search(r"^-- +(diff <\(.*)$", SCRIPT.read_text(), re.MULTILINE)[1]
    it = fresh()

    def compared() -> subprocess.CompletedProcess:
        (tmp_path / "after.json").write_text(server.fingerprint(it).stdout)
        return subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)

    (tmp_path / "before.json").write_text(server.fingerprint(it).stdout)
    same = compared()
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
    server.run(it, "INSERT INTO tag VALUES (101)")
    different = compared()
    assert different.returncode == 1
    assert '"rows": 101' in different.stdout
    assert "project" not in different.stdout


@pytest.mark.parametrize(
    ("page", "last_line"),
    {"restore.md": r"\d+", "backup.md": r"0\|\|\|0\|"}.items(),
    ids=["indexes", "archiver"],
)
def test_the_other_sql_of_the_pages_runs(server, fresh, page, last_line):
    text = (SCRIPT.parent / page).read_text()
    (sql,) = re.findall(r"<<'END'\n(.*?)^END$", text, re.MULTILINE | re.DOTALL)
    assert re.fullmatch(last_line, server.run(fresh(), sql).splitlines()[-1])


@pytest.mark.parametrize("bin", OTHERS or [WITHOUT_OTHERS], ids=str)
def test_another_version_of_postgresql_says_the_same(server, fresh, folder, bin):
    it = fresh()
    other = Server(bin, folder(bin.as_posix().replace("/", "_")[-20:]))
    other.init()
    other.start()
    try:
        other.run("postgres", HARBOR)
        document = other.document("postgres")
        assert document["cluster"]["server_version"] != server.run(it, "SHOW server_version")
        assert document["tables"] == server.tables(it)
    finally:
        other.stop()
