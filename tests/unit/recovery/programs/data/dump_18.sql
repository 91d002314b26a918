--
-- PostgreSQL database dump
--

\restrict RkqX41IPcCAmrqCf2eeKiAADkVlWz6xwOIh2Da0h3A6cKiW5od7neuwU1EidNNg

-- Dumped from database version 18.6 (Debian 18.6-3)
-- Dumped by pg_dump version 18.6 (Debian 18.6-3)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: btree_gist; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;


--
-- Name: EXTENSION btree_gist; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: bookings; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.bookings (
    id integer NOT NULL,
    room integer,
    valid_at daterange NOT NULL
);


ALTER TABLE public.bookings OWNER TO postgres;

--
-- Name: parent; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.parent (
    a integer CONSTRAINT own NOT NULL NO INHERIT,
    b text
);


ALTER TABLE public.parent OWNER TO postgres;

--
-- Name: child; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.child (
    c integer
)
INHERITS (public.parent);


ALTER TABLE public.child OWNER TO postgres;

--
-- Name: fk; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.fk (
    a integer
);


ALTER TABLE public.fk OWNER TO postgres;

--
-- Name: fkset; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.fkset (
    id integer NOT NULL,
    t integer
);


ALTER TABLE public.fkset OWNER TO postgres;

--
-- Name: fkset2; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.fkset2 (
    a integer,
    b integer
);


ALTER TABLE public.fkset2 OWNER TO postgres;

--
-- Name: p; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.p (
    a integer,
    b text,
    c text
);


ALTER TABLE public.p OWNER TO postgres;

--
-- Name: inv; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.inv WITH (security_invoker='true') AS
 SELECT a,
    b,
    c
   FROM public.p;


ALTER VIEW public.inv OWNER TO postgres;

--
-- Name: nd; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.nd (
    a integer
);


ALTER TABLE public.nd OWNER TO postgres;

--
-- Name: nn; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.nn (
    a integer,
    b integer
);


ALTER TABLE public.nn OWNER TO postgres;

--
-- Name: odd_target; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.odd_target (
    id integer NOT NULL
);


ALTER TABLE public.odd_target OWNER TO postgres;

--
-- Name: rooms; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.rooms (
    id integer NOT NULL,
    valid_at daterange NOT NULL
);


ALTER TABLE public.rooms OWNER TO postgres;

--
-- Name: unl; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.unl (
    a integer
);


ALTER TABLE public.unl OWNER TO postgres;

--
-- Name: us; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE UNLOGGED SEQUENCE public.us
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE public.us OWNER TO postgres;

--
-- Name: virt; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.virt (
    a integer CONSTRAINT a_nn NOT NULL,
    b integer GENERATED ALWAYS AS ((a * 2)),
    c integer GENERATED ALWAYS AS ((a * 3)) STORED
);


ALTER TABLE public.virt OWNER TO postgres;

--
-- Data for Name: bookings; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.bookings (id, room, valid_at) FROM stdin;
1	1	[2026-05-01,2026-07-01)
\.


--
-- Data for Name: child; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.child (a, b, c) FROM stdin;
\N	x	1
\.


--
-- Data for Name: fk; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.fk (a) FROM stdin;
99
\.


--
-- Data for Name: fkset; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.fkset (id, t) FROM stdin;
\.


--
-- Data for Name: fkset2; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.fkset2 (a, b) FROM stdin;
\.


--
-- Data for Name: nd; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.nd (a) FROM stdin;
\N
\.


--
-- Data for Name: nn; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.nn (a, b) FROM stdin;
\N	1
\.


--
-- Data for Name: odd_target; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.odd_target (id) FROM stdin;
\.


--
-- Data for Name: p; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.p (a, b, c) FROM stdin;
1	x	y
\.


--
-- Data for Name: parent; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.parent (a, b) FROM stdin;
\.


--
-- Data for Name: rooms; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.rooms (id, valid_at) FROM stdin;
1	[2026-01-01,2026-06-01)
1	[2026-06-01,2027-01-01)
\.


--
-- Data for Name: unl; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.unl (a) FROM stdin;
\.


--
-- Data for Name: virt; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.virt (a) FROM stdin;
1
2
3
4
5
6
7
8
9
10
11
12
13
14
15
16
17
18
19
20
21
22
23
24
25
26
27
28
29
30
31
32
33
34
35
36
37
38
39
40
41
42
43
44
45
46
47
48
49
50
51
52
53
54
55
56
57
58
59
60
61
62
63
64
65
66
67
68
69
70
71
72
73
74
75
76
77
78
79
80
81
82
83
84
85
86
87
88
89
90
91
92
93
94
95
96
97
98
99
100
\.


--
-- Name: us; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.us', 1, false);


--
-- Name: bookings bookings_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (id, valid_at WITHOUT OVERLAPS);


--
-- Name: fk ck; Type: CHECK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE public.fk
    ADD CONSTRAINT ck CHECK ((a < 10)) NOT ENFORCED;


--
-- Name: fkset fkset_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.fkset
    ADD CONSTRAINT fkset_pkey PRIMARY KEY (id);


--
-- Name: nn later; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE public.nn
    ADD CONSTRAINT later NOT NULL a NOT VALID;


--
-- Name: nd nd_a_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.nd
    ADD CONSTRAINT nd_a_key UNIQUE NULLS NOT DISTINCT (a);


--
-- Name: odd_target odd_target_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.odd_target
    ADD CONSTRAINT odd_target_pkey PRIMARY KEY (id);


--
-- Name: rooms rooms_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_pkey PRIMARY KEY (id, valid_at WITHOUT OVERLAPS);


--
-- Name: bookings bookings_room_valid_at_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_room_valid_at_fkey FOREIGN KEY (room, PERIOD valid_at) REFERENCES public.rooms(id, PERIOD valid_at);


--
-- Name: fk fk_a_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.fk
    ADD CONSTRAINT fk_a_fkey FOREIGN KEY (a) REFERENCES public.odd_target(id) NOT ENFORCED;


--
-- Name: fkset2 fkset2_b_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.fkset2
    ADD CONSTRAINT fkset2_b_fkey FOREIGN KEY (b) REFERENCES public.fkset(id) ON DELETE SET NULL (b);


--
-- Name: pf; Type: PUBLICATION; Schema: -; Owner: postgres
--

CREATE PUBLICATION pf WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION pf OWNER TO postgres;

--
-- Name: ps; Type: PUBLICATION; Schema: -; Owner: postgres
--

CREATE PUBLICATION ps WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION ps OWNER TO postgres;

--
-- Name: pf p; Type: PUBLICATION TABLE; Schema: public; Owner: postgres
--

ALTER PUBLICATION pf ADD TABLE ONLY public.p (a, b) WHERE ((a > 1));


--
-- Name: ps public; Type: PUBLICATION TABLES IN SCHEMA; Schema: public; Owner: postgres
--

ALTER PUBLICATION ps ADD TABLES IN SCHEMA public;


--
-- PostgreSQL database dump complete
--

\unrestrict RkqX41IPcCAmrqCf2eeKiAADkVlWz6xwOIh2Da0h3A6cKiW5od7neuwU1EidNNg

