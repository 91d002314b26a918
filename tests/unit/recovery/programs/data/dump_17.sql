--
-- PostgreSQL database dump
--

\restrict k7PG1N9U7QczMWX5IflZfde86hC3zSrlqWcSbXJVjtXvxJLCXTYkvGJSS24SNuD

-- Dumped from database version 17.12 (Debian 17.12-0+deb13u1)
-- Dumped by pg_dump version 17.12 (Debian 17.12-0+deb13u1)

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
-- Name: helper; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA helper;


ALTER SCHEMA helper OWNER TO postgres;

--
-- Name: bi; Type: COLLATION; Schema: public; Owner: postgres
--

CREATE COLLATION public.bi (provider = builtin, locale = 'C.UTF-8');


ALTER COLLATION public.bi OWNER TO postgres;

--
-- Name: one(); Type: FUNCTION; Schema: helper; Owner: postgres
--

CREATE FUNCTION helper.one() RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$select 1$$;


ALTER FUNCTION helper.one() OWNER TO postgres;

--
-- Name: idx(text); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.idx(text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $_$ SELECT pg_catalog.upper($1) || helper.one() $_$;


ALTER FUNCTION public.idx(text) OWNER TO postgres;

--
-- Name: on_login(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.on_login() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN IF NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' THEN INSERT INTO public.seen (who) VALUES (session_user); END IF; END $$;


ALTER FUNCTION public.on_login() OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: cc; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.cc (
    a text COLLATE public.bi
);


ALTER TABLE public.cc OWNER TO postgres;

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
-- Name: ident; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ident (
    id integer NOT NULL,
    d date
)
PARTITION BY RANGE (d);


ALTER TABLE public.ident OWNER TO postgres;

--
-- Name: ident1; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ident1 (
    id integer NOT NULL,
    d date
);


ALTER TABLE public.ident1 OWNER TO postgres;

--
-- Name: ident_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

ALTER TABLE public.ident ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ident_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


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
-- Name: m; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.m (
    a integer
);


ALTER TABLE public.m OWNER TO postgres;

--
-- Name: nopath; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.nopath (
    a text
);


ALTER TABLE public.nopath OWNER TO postgres;

--
-- Name: mv; Type: MATERIALIZED VIEW; Schema: public; Owner: postgres
--

CREATE MATERIALIZED VIEW public.mv AS
 SELECT public.idx(a) AS idx
   FROM public.nopath
  WITH NO DATA;


ALTER MATERIALIZED VIEW public.mv OWNER TO postgres;

--
-- Name: nd; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.nd (
    a integer
);


ALTER TABLE public.nd OWNER TO postgres;

--
-- Name: seen; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.seen (
    who text,
    at timestamp with time zone DEFAULT now()
);


ALTER TABLE public.seen OWNER TO postgres;

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
-- Name: ident1; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ident ATTACH PARTITION public.ident1 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');


--
-- Data for Name: cc; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.cc (a) FROM stdin;
ä
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
-- Data for Name: ident1; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.ident1 (id, d) FROM stdin;
1	2026-02-02
2	2026-03-03
\.


--
-- Data for Name: m; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.m (a) FROM stdin;
1
\.


--
-- Data for Name: nd; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.nd (a) FROM stdin;
\N
\.


--
-- Data for Name: nopath; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.nopath (a) FROM stdin;
x
\.


--
-- Data for Name: p; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.p (a, b, c) FROM stdin;
1	x	y
\.


--
-- Data for Name: seen; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.seen (who, at) FROM stdin;
postgres	2026-11-27 09:30:51.606001+00
\.


--
-- Data for Name: unl; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.unl (a) FROM stdin;
\.


--
-- Name: ident_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.ident_id_seq', 2, true);


--
-- Name: us; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.us', 1, false);


--
-- Name: fkset fkset_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.fkset
    ADD CONSTRAINT fkset_pkey PRIMARY KEY (id);


--
-- Name: nd nd_a_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.nd
    ADD CONSTRAINT nd_a_key UNIQUE NULLS NOT DISTINCT (a);


--
-- Name: nopath_idx_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX nopath_idx_idx ON public.nopath USING btree (public.idx(a));


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
-- Name: TABLE cc; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.cc TO maint;


--
-- Name: TABLE fkset; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.fkset TO maint;


--
-- Name: TABLE fkset2; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.fkset2 TO maint;


--
-- Name: TABLE ident; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.ident TO maint;


--
-- Name: TABLE ident1; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.ident1 TO maint;


--
-- Name: TABLE p; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.p TO maint;


--
-- Name: TABLE inv; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.inv TO maint;


--
-- Name: TABLE m; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.m TO maint;


--
-- Name: TABLE nopath; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.nopath TO maint;


--
-- Name: TABLE mv; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.mv TO maint;


--
-- Name: TABLE nd; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.nd TO maint;


--
-- Name: TABLE seen; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.seen TO maint;


--
-- Name: TABLE unl; Type: ACL; Schema: public; Owner: postgres
--

GRANT MAINTAIN ON TABLE public.unl TO maint;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: public; Owner: postgres
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT MAINTAIN ON TABLES TO maint;


--
-- Name: login_audit; Type: EVENT TRIGGER; Schema: -; Owner: postgres
--

CREATE EVENT TRIGGER login_audit ON login
   EXECUTE FUNCTION public.on_login();


ALTER EVENT TRIGGER login_audit OWNER TO postgres;

--
-- Name: mv; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: postgres
--

REFRESH MATERIALIZED VIEW public.mv;


--
-- PostgreSQL database dump complete
--

\unrestrict k7PG1N9U7QczMWX5IflZfde86hC3zSrlqWcSbXJVjtXvxJLCXTYkvGJSS24SNuD

