"""What is shown of an nginx' configuration: as nginx reads it, and no word more."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from runbook_lib.core import programs

CONFIGURATION = r"""nginx: the configuration file /etc/nginx/nginx.conf syntax is ok
nginx: configuration file /etc/nginx/nginx.conf test is successful
# configuration file /etc/nginx/nginx.conf:
client_max_body_size 20m; events { worker_connections 1024; }
http { # client_max_body_size 1g;
	add_header X-A "hidden; b {c}" always; add_header "X-B" 'it\'s
hidden # no comment';
limit_req_zone $http_hidden
  rate=2r/s
  zone=log_in:1m;
server { listen 80; proxy_pass http://x${hidden}z; ssl_protocols TLSv1.2 TLSv1.3;
 location ~ "^/a{2,3}#" { deny all; auth_basic "hid\"den"; auth_basic_user_file /hidden; location = /b { internal; }
   return 404 "hidden"; }
 if ($x = 0) { return 403; } return 301 https://hidden;
 location / { auth_basic off; proxy_set_header Authorization "Bearer hidden"; gzip on; if ($a) { proxy_read_timeout 5s; } }
 location /c { content_by_lua_block { local hidden = "}" } }
 server_name www.example.com b;
}
server { listen 8080; listen 9090; allow all; add_header_inherit merge; limit_req zone=log_in burst=5 nodelay; } upstream b { server x:80; }
}
"""
HERE = "80 www.example.com"
SHOWN = [("", "", "client_max_body_size", "20m"), ("", "", "add_header", "X-A"), ("", "", "add_header", "X-B"),
        ("", "", "limit_req_zone", "rate=2r/s zone=log_in:1m"), (HERE, "", "server", ""), (HERE, "", "ssl_protocols", "TLSv1.2 TLSv1.3"),
        (HERE, "~ ^/a{2,3}#", "deny", "all"), (HERE, "~ ^/a{2,3}#", "auth_basic", "on"), (HERE, "= /b", "internal", ""),
        (HERE, "~ ^/a{2,3}#", "return", "404"), (HERE, "", "return", "403"), (HERE, "/", "auth_basic", "off"),
        (HERE, "/", "gzip", "on"), (HERE, "/", "proxy_read_timeout", "5s"), ("8080", "", "server", ""),
        ("8080", "", "allow", "all"), ("8080", "", "add_header_inherit", "merge"), ("8080", "", "limit_req", "zone=log_in burst=5 nodelay")]
AWKS = [one for one in ("mawk", "gawk", "original-awk", "busybox awk") if shutil.which(one.split()[0])]


def shown(text: str, awk: str = "awk") -> list[tuple[str, ...]]:
    program = f'{programs.text("release/proxy_directives.sh")}\nawk() {{ command {awk} "$@"; }}\ndirectives nginx live\n'
    done = subprocess.run(("bash", "-c", program), input=text.encode(), capture_output=True, timeout=60, check=True)
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert all(line[:3] == ["directive", "nginx", "live"] for line in lines)
    return [tuple(line[3:]) for line in lines]


@pytest.mark.parametrize("awk", ["awk", *AWKS])
def test_directives_are_shown_by_their_place_and_secrets_are_not(awk: str) -> None:
    assert shown(CONFIGURATION, awk) == SHOWN
    assert "hidden" not in str(shown(CONFIGURATION, awk))


@pytest.mark.parametrize("text", ["", "}\n}\n{", "gzip", '"never ends', "gzip\ton", "\x00gzip \xff on {;", "a" * 100_000])
def test_what_nginx_would_refuse_ends_too(text: str) -> None:
    assert shown(text) == []
