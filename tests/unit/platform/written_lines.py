"""Lines as their writers make them, all of one moment; and what only looks like one. Every reader of logs is held to them."""

from __future__ import annotations

from datetime import UTC, datetime

NOW = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
AT = datetime(2026, 11, 29, 6, 10, 11, tzinfo=UTC)
# a line, its level, and what of it is its message
DATED = [
    ("[29-Nov-2026 06:10:11] NOTICE: ready", "NOTICE", "NOTICE: ready"),
    ("[29-Nov-2026 06:10:11.123456] WARNING: pid 1, busy", "WARNING", "WARNING: pid 1, busy"),
    ("[29-Nov-2026 06:10:11 UTC] PHP Fatal error:  x", "CRITICAL", "PHP Fatal error:  x"),
    ("[29-Nov-2026 06:10:11 UTC] PHP Parse error:  fatal", "ERROR", "PHP Parse error:  fatal"),
    ('[29-Nov-2026 06:10:11] WARNING: [pool www] child 7 said into stderr: "PHP message: PHP Fatal error:  x"', "CRITICAL",
     'WARNING: [pool www] child 7 said into stderr: "PHP message: PHP Fatal error:  x"'),
    ("[29-Nov-2026 07:10:11 Europe/Berlin] PHP Warning:  since 2020-01-01 00:00:00", "WARNING",
     "PHP Warning:  since 2020-01-01 00:00:00"),
    ("[29-Nov-2026 07:10:11 CET] ERROR: x", "ERROR", "ERROR: x"),
    ("[Sun Nov 29 06:10:11.123456 2026] [core:error] [pid 7] AH1: x", "ERROR", "[core:error] [pid 7] AH1: x"),
    ("[Sun Nov 29 06:10:11 2026] [ssl:trace3] x", "TRACE", "[ssl:trace3] x"),
    ("E1129 06:10:11.123456       1 file.go:12] x", "ERROR", "x"), ("W1129 06:10:11.123456  1 a-b.go:1] x", "WARNING", "x"),
    ("I1129 06:10:11.123456  1 file.go:12] error", "INFO", "error"), ("F1129 06:10:11.1  1 f.go:12] x", "CRITICAL", "x"),
    ("Nov 29 06:10:11 error prog[1]: x", "", "error prog[1]: x"),
    ("Nov 29 06:10:11 host prog[1]: ERROR: x", "ERROR", "host prog[1]: ERROR: x"),
    ("Nov 29 09:10:11 host prog: 2026-11-29T06:10:11Z x", "", "host prog: 2026-11-29T06:10:11Z x"),
    ("<35>Nov 29 06:10:11 host su: x", "ERROR", "host su: x"),
    # a logging driver gives all lines of a stream the same number
    ("<30>Nov 29 06:10:11 host app: ERROR x", "ERROR", "host app: ERROR x"),
    ("<27>Nov 29 06:10:11 host app: INFO x", "INFO", "host app: INFO x"),
    ("<34>1 2026-11-29T06:10:11.003Z host su 1 ID47 - error x", "CRITICAL", "error x"),
    ("<30>1 2026-11-29T08:10:11.003+02:00 host su 1 - [a b=\"c\"] x", "INFO", "x"),
    ("1795932611 ERROR x", "ERROR", "ERROR x"), ("1795932611123 x", "", "x"), ("1795932611123456789 x", "", "x"),
    ("1795932611.123 x", "", "x"), ("[1795932611] WARN x", "WARNING", "WARN x"),
    ("1234567890 2026-11-29 06:10:11 ERROR x", "ERROR", "1234567890 2026-11-29 06:10:11 ERROR x"),
    ("2026-11-29T06:10:11.123456789Z W1128 06:10:11.123456  1 file.go:12] x", "WARNING", "x"),
    ("2026-11-29T06:10:11.123456789Z [06:10:12 FTL] x", "CRITICAL", "x"),
    ("E, [2026-11-29T06:10:11.123456 #1] ERROR -- : x", "ERROR", "E, [2026-11-29T06:10:11.123456 #1] ERROR -- : x"),
    ("2026-11-29 06:10:11 ERROR x", "ERROR", "ERROR x"),
]
REQUESTS = [
    "*** Starting uWSGI 2.0 (64bit) on [Sun Nov 29 06:10:11 2026] ***",
    "[pid: 12|app: 0|req: 1/1] 10.0.0.1 () {32 vars} [Sun Nov 29 06:10:11 2026] GET /ERROR => generated 2 bytes",
    'Nov 29 07:10:11 host nginx: 10.0.0.1 - - [29/Nov/2026:06:10:11 +0000] "GET /ERROR HTTP/1.1" 200 5',
]
UNDATED = [
    "[06:10:11 ERR] x", "[06:10:11 INF] since 2026-11-29 06:10:11", "1234567890 rows copied", "4102444800 rows", "17959326110 x",
    "29 rows", "E1329 06:10:11.123456 1 f.go:12] x", "<34>1 - host su 1 - - x",
]
# the name of a zone that is none, and a day that is none: the programs on the server know neither
UNREADABLE = ["[29-Nov-2026 07:10:11 Mars/Base] ERROR: since 2020-01-01 00:00:00", "Nov 31 06:10:11 host prog: x"]
# the beginning of a line of syslog, the present, and when it was written
WITHOUT_A_YEAR = [
    ("Dec 31 23:59:59", datetime(2027, 1, 1, 0, 5, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ("Jan  1 00:00:01", datetime(2027, 1, 1, 0, 5, tzinfo=UTC), datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)),
    # a server whose zone is ahead of UTC
    ("Jan  1 00:30:00", datetime(2026, 12, 31, 23, 30, tzinfo=UTC), datetime(2027, 1, 1, 0, 30, tzinfo=UTC)),
    ("Nov 30 05:00:00", NOW, datetime(2026, 11, 30, 5, tzinfo=UTC)),
    ("Dec  1 07:00:00", NOW, datetime(2025, 12, 1, 7, tzinfo=UTC)),
    ("Feb 29 12:00:00", datetime(2029, 1, 5, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC)),
]
