"""What a virtual user requests, and which replies count as failures."""

from __future__ import annotations

import pytest

from lab.traffic.client import Reply
from lab.traffic.virtual_user import VirtualUser


def test_half_of_the_requests_are_posts_and_some_of_them_write() -> None:
    user = VirtualUser("traffic-1", "access", "refresh")
    requests = [user.request(number) for number in range(200)]
    assert sum(request.method == "POST" for request in requests) == 100
    assert sum(request.writes for request in requests) == 20
    assert len({request.path for request in requests if request.method == "GET"}) == 4


@pytest.mark.parametrize(("status", "body", "good"), [
    (201, b'{"name": "traffic-1 0"}', True), (201, b'{"name": "another user"}', False), (200, b"{}", False),
    (429, b"", False), (502, b"", False),
])
def test_a_reply_that_is_not_the_expected_one_is_a_failure(status: int, body: bytes, good: bool) -> None:
    judge = VirtualUser("traffic-1", "access", "refresh").request(0).judge
    assert (judge(Reply(status, body, True)) == "") is good
