"""Two backups of a small database, made for tests."""

from __future__ import annotations

from lab.resilience.backup_pair import END, Pair, encode_manifest

ROWS = b"\n".join(b"%d\tplayer-%d\t2026-01-01\t%d\tx" % (number, number, number) for number in range(1, 40))
SQL = (
    b"--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.users (id integer, username character varying(40) NOT NULL,"
    b" description text DEFAULT ''::text NOT NULL);\nCREATE TABLE public.squads (id integer);\n"
    b"COPY public.users (id, username, made, owner, more) FROM stdin;\n" + ROWS + b"\n\\.\n\n"
    b"COPY public.squads (id, name, made, owner, more) FROM stdin;\n" + ROWS + b"\n\\.\n\n"
    b"COPY public.alembic_version (version_num) FROM stdin;\n0003\n\\.\n\n"
    b"SELECT pg_catalog.setval('public.users_id_seq', 39, true);\n"
    b"ALTER TABLE ONLY public.alembic_version\n    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);\n"
    b"CREATE INDEX ix_builds_owner_id ON public.builds USING btree (owner_id);\n"
    b"ALTER TABLE ONLY public.squads\n    ADD CONSTRAINT squads_owner_fkey FOREIGN KEY (owner) REFERENCES public.users(id);\n"
    + END
)


def backup(number: int, sql: bytes) -> Pair:
    manifest = {
        "format": 2, "number": number, "file": f"staging_db_2026010{number}_020000.sql.gz",
        "snapshot": {"database": "staging_db", "taken_at": f"2026-01-0{number}T02:00:00Z"},
        "tables": [{"table": f"public.{name}", "rows": 39, "content": "1:1"} for name in ("users", "squads", "alembic_version")],
    }
    return Pair(b"", encode_manifest(manifest)).with_sql(sql)


GOOD, OTHER = backup(1, SQL), backup(2, SQL.replace(b"player-1\t", b"player-one\t"))
