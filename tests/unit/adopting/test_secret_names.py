"""Secrets are known by their variables' names, and passwords inside addresses by their form."""

from __future__ import annotations

import pytest

from runbook_lib.adopting.secret_names import holds_secret, is_secret_name, plain_names, references, secret_values


@pytest.mark.parametrize("name", [
    "POSTGRES_PASSWORD", "DB_PASS", "SECRET_KEY", "API_KEY", "APIKEY", "JWT_SECRET", "SENTRY_DSN", "GITHUB_TOKEN", "pgpassword",
    "PGPASSWORD", "STRIPE_SECRET", "VAULT_SECRET_ID", "AWS_SECRET_ACCESS_KEY", "SLACK_WEBHOOK", "SMTP_PWD", "APP_KEYS_KEY", "SALT", "KEY2",
    "ALLOWED_API_TOKENS", "ALLOWED_TOKENS", "APP_KEYS", "VALID_API_KEYS", "SECRETS", "SECRET_KEY_BASE", "AUTH_SECRET", "TOKENS", "ALLOWED_KEYS",
])
def test_a_secrets_name(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", [
    "KEYCLOAK_URL", "TOKENIZER", "POSTGRES_USER", "MONKEY", "PASSENGERS", "ACCESS_TOKEN_EXPIRE_MINUTES", "JWT_ALGORITHM",
    "POSTGRES_PASSWORD_FILE", "NEXT_PUBLIC_URL", "DEBUG", "AUTHOR", "PIP_CERT", "ALLOW_PRIVATE_NETWORK_ACCESS", "AUTH0_CLIENT_ID",
    "API_KEY_RATE_LIMIT", "API_KEY_PREFIX", "WEBHOOK_ALLOWED_HOSTS", "INTEGRATIONS_ALLOW_PRIVATE_IPS", "NEXT_PUBLIC_LICENSE_CONSENT",
    "PASSWORD_MIN_LENGTH", "MIN_PASSWORD_LENGTH", "SECRET_KEY_FILE", "DISABLE_AUTH", "ENABLE_TOKEN_LOGIN", "PASSWORD_HASHERS", "TOKEN_LIFETIME_HOURS",
    "JWT_EXPIRES_IN", "ALLOWED_KEY_TYPES", "SSH_KEY_PATH", "GPG_KEY", "STRIPE_PUBLISHABLE_KEY", "RECAPTCHA_SITE_KEY", "REQUIRE_AUTH",
    "PGRST_JWT_AUD", "JWT_ISS", "JWT_EXP", "REFRESH_JWT_EXP", "JWT_ALG", "JWT_LEEWAY", "PASSWORD_LOGIN_DISABLED", "AUTH_PASSWORD_VALIDATORS", "USE_JWT", "TOKEN_HEADER", "SMTP_AUTH_MECHANISM", "ALLOW_TOKENS",
])
def test_the_name_of_something_else(name: str) -> None:
    assert not is_secret_name(name)


def test_passwords_inside_addresses_are_secrets_whatever_the_variable_is_called() -> None:
    values = secret_values({"DATABASE_URL": "postgresql://shop:hunter22@db/shop", "CACHE": "redis://:let-me-in@cache:6379/0",
                            "PLAIN": "https://example.com:8443/path", "API_KEY": "k3y-of-ours", "PIN_KEY": "1"})
    assert values == {"hunter22", "let-me-in", "k3y-of-ours"}


@pytest.mark.parametrize("value", ["False", "true", "on", "None", "yes"])
def test_a_switch_is_no_secret_whatever_its_variable_is_called(value: str) -> None:
    assert secret_values({"PRIVATE_SIGNUP": value}) == set()


def test_names_that_a_project_gives_are_not_hidden_by_a_password_of_the_same_word() -> None:
    variables = {"MYSQL_USER": "cloud", "MYSQL_DATABASE": "files", "DB_HOST": "db", "MYSQL_PASSWORD": "cloud", "MODE": "hunter2", "SECRET_NAME": "x"}
    assert plain_names(variables) == {"cloud", "files", "db"}


def test_a_text_that_shows_a_secret() -> None:
    assert holds_secret("it is hunter22 there", {"hunter22"})
    assert holds_secret("postgresql://shop:anything@db", set())
    assert not holds_secret("shop", {"shop"}, public={"shop"})
    assert not holds_secret("https://example.com:8443/", {"hunter22"})


def test_variables_that_a_value_is_filled_in_with() -> None:
    assert references("postgres://${DB_USER}:${DB_PASSWORD:?wanted}@$HOST/${DB_USER}") == ("DB_USER", "DB_PASSWORD", "HOST")
    assert references("price: $$5 and $${NOT_ONE}") == ()
