from datetime import UTC, datetime, timedelta

import jwt
import pytest
from app.errors import ApiError
from app.security import UNUSABLE, hash_password, make_token, password_matches, read_token, session_mark


def test_a_password_matches_its_own_hash_only():
    stored = hash_password("correct horse")
    assert password_matches("correct horse", stored)
    assert not password_matches("correct horsf", stored)
    assert "correct horse" not in stored
    assert stored != hash_password("correct horse")


def test_no_password_matches_a_seeded_user():
    assert not password_matches("", UNUSABLE)
    assert not password_matches(UNUSABLE, UNUSABLE)


def test_a_token_names_its_user_and_session(settings):
    assert read_token(settings, "access", make_token(settings, "access", 7, "abc")) == (7, "abc")


def test_a_refresh_token_is_no_access_token(settings):
    token = make_token(settings, "refresh", 7, "abc")
    with pytest.raises(ApiError) as refused:
        read_token(settings, "access", token)
    assert refused.value.status == 401


def test_refresh_tokens_are_signed_with_their_own_secret(settings):
    claims = jwt.decode(make_token(settings, "refresh", 7, "abc"), options={"verify_signature": False})
    forged = jwt.encode(claims, settings.JWT_SECRET_KEY.get_secret_value(), algorithm="HS256")
    with pytest.raises(ApiError):
        read_token(settings, "refresh", forged)


PAST = datetime.now(UTC) - timedelta(seconds=1)


@pytest.mark.parametrize("change", [{"exp": PAST}, {"kind": "refresh"}, {"sub": "x"}])
def test_an_expired_or_altered_token_is_refused(settings, change):
    claims = {"sub": "7", "kind": "access", "sid": "abc", "exp": datetime.now(UTC) + timedelta(hours=1), **change}
    token = jwt.encode(claims, settings.JWT_SECRET_KEY.get_secret_value(), algorithm="HS256")
    with pytest.raises(ApiError):
        read_token(settings, "access", token)


def test_an_unsigned_token_is_refused(settings):
    claims = {"sub": "7", "kind": "access", "sid": "abc", "exp": datetime.now(UTC) + timedelta(hours=1)}
    with pytest.raises(ApiError):
        read_token(settings, "access", jwt.encode(claims, None, algorithm="none"))


def test_redis_never_holds_the_session_itself(settings):
    assert "abc" not in session_mark(settings, "abc")
