--
-- PostgreSQL database dump
--

-- Dumped from database version 14.23
-- Dumped by pg_dump version 14.10 (Ubuntu 14.10-0ubuntu0.22.04.1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: r; Type: TYPE; Schema: public; Owner: postgres
--

CREATE TYPE public.r AS RANGE (
    subtype = double precision,
    multirange_type_name = public.r_multirange
);


ALTER TYPE public.r OWNER TO postgres;

--
-- Name: pr(integer); Type: PROCEDURE; Schema: public; Owner: postgres
--

CREATE PROCEDURE public.pr(INOUT a integer)
    LANGUAGE plpgsql
    AS $$ BEGIN a := 1; END $$;


ALTER PROCEDURE public.pr(INOUT a integer) OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: parent; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.parent (
    id integer,
    name text,
    late integer
);


ALTER TABLE public.parent OWNER TO postgres;

--
-- Name: child; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.child (
    own text
)
INHERITS (public.parent);


ALTER TABLE public.child OWNER TO postgres;

--
-- Name: things; Type: TABLE; Schema: public; Owner: staging_user
--

CREATE TABLE public.things (
    id integer NOT NULL,
    name text
);
ALTER TABLE ONLY public.things ALTER COLUMN name SET COMPRESSION pglz;


ALTER TABLE public.things OWNER TO staging_user;

--
-- Name: things_id_seq; Type: SEQUENCE; Schema: public; Owner: staging_user
--

ALTER TABLE public.things ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.things_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: 70001; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('70001');


ALTER LARGE OBJECT 70001 OWNER TO postgres;

--
-- Data for Name: child; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.child (id, name, own, late) FROM stdin;
1	x	y	\N
\.


--
-- Data for Name: parent; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.parent (id, name, late) FROM stdin;
\.


--
-- Data for Name: things; Type: TABLE DATA; Schema: public; Owner: staging_user
--

COPY public.things (id, name) FROM stdin;
1	a
2	\\.
\.


--
-- Name: things_id_seq; Type: SEQUENCE SET; Schema: public; Owner: staging_user
--

SELECT pg_catalog.setval('public.things_id_seq', 2, true);


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('70001', 131072);
SELECT pg_catalog.lowrite(0, '\x0102');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: staging_user
--

REVOKE ALL ON SCHEMA public FROM postgres;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO staging_user;
GRANT USAGE ON SCHEMA public TO reader;


--
-- PostgreSQL database dump complete
--

