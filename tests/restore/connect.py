"""Runs in a sandbox: tries to connect to PostgreSQL in each of the ways that standard input lists.

In: a JSON list of libpq's connection parameters. Out: a JSON list of what PostgreSQL said, "" when
the connection was made and answered.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg2
from psycopg2.extras import PhysicalReplicationConnection


def attempt(parameters: dict) -> str:
    replication = "replication" in parameters
    factory = {"connection_factory": PhysicalReplicationConnection} if replication else {}
    try:
        connection = psycopg2.connect(**parameters, connect_timeout=10, **factory)
    except psycopg2.OperationalError as error:
        return str(error).strip()
    with connection.cursor() as cursor:
        cursor.execute("IDENTIFY_SYSTEM" if replication else "select 1")
    connection.close()
    return ""


with ThreadPoolExecutor(8) as pool:
    print(json.dumps(list(pool.map(attempt, json.load(sys.stdin)))))
