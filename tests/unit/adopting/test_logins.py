"""As which role an application logs in: by an address, or by variables whose names begin alike."""

from __future__ import annotations

import pytest

from runbook_lib.adopting.logins import logins_of
from runbook_lib.adopting.project import FoundProject, FoundService


def logins(variables: dict[str, str], name: str = "app") -> dict[tuple[str, str], str]:
    found = {name: FoundService(name, variables=variables), "db": FoundService("db", variables={"POSTGRES_USER": "root", "POSTGRES_HOST": "db"})}
    return logins_of(FoundProject("Compose", found, {}, ()), "db")


@pytest.mark.parametrize("variables", [
    {"DATABASE_URL": "postgresql+asyncpg://clerk:pa:ss@db:5432/ledger?ssl=no"},
    # n8n's, Zammad's, Authentik's, Gitea's and listmonk's ways, with a role that is not the image's
    {"DB_POSTGRESDB_HOST": "db", "DB_POSTGRESDB_USER": "clerk", "DB_POSTGRESDB_DATABASE": "ledger"},
    {"POSTGRESQL_HOST": "db", "POSTGRESQL_USER": "clerk", "POSTGRESQL_DB": "ledger"},
    {"AUTHENTIK_POSTGRESQL__HOST": "db", "AUTHENTIK_POSTGRESQL__USER": "clerk", "AUTHENTIK_POSTGRESQL__NAME": "ledger"},
    {"GITEA__database__HOST": "db:5432", "GITEA__database__USER": "clerk", "GITEA__database__NAME": "ledger"},
    {"LISTMONK_db__host": "db", "LISTMONK_db__user": "clerk", "LISTMONK_db__database": "ledger"},
    {"POSTGRES_HOST": "db", "POSTGRES_USERNAME": "clerk", "POSTGRES_DATABASE": "ledger"},
    # Spring's, Quarkus' and Keycloak's
    {"SPRING_DATASOURCE_URL": "jdbc:postgresql://db:5432/ledger", "SPRING_DATASOURCE_USERNAME": "clerk"},
    {"QUARKUS_DATASOURCE_JDBC_URL": "jdbc:postgresql://db/ledger?ssl=false", "QUARKUS_DATASOURCE_USERNAME": "clerk"},
    {"KC_DB_URL": "jdbc:postgresql://db/ledger", "KC_DB_USERNAME": "clerk"}, {"spring.datasource.url": "jdbc:postgresql://db/ledger?a=b&user=clerk"},
])
def test_a_login_is_found_however_the_application_is_given_it(variables: dict[str, str]) -> None:
    (login, by), = logins(variables).items()
    assert login == ("clerk", "ledger")
    assert by.endswith(" of app") and "clerk" not in by


@pytest.mark.parametrize("variables", [
    {"DB_HOST": "elsewhere", "DB_USER": "clerk", "DB_NAME": "ledger"}, {"DB_HOST": "db", "DB_NAME": "ledger"}, {"DB_HOST": "db", "DB_USER": "clerk"},
    {"DB_HOST": "db", "DB_USER": "", "DB_NAME": "ledger"}, {"REDIS_HOST": "cache", "DB_USER": "clerk", "DB_NAME": "x"}, {"TITLE": "db"}, {},
    {"SPRING_DATASOURCE_URL": "jdbc:postgresql://db/ledger"}, {"A_URL": "jdbc:postgresql://elsewhere/ledger", "A_USERNAME": "clerk"},
    {"A_URL": "jdbc:mysql://db/ledger", "A_USERNAME": "clerk"},
])
def test_half_a_login_is_none(variables: dict[str, str]) -> None:
    assert logins(variables) == {}
