-- what: a function whose code is in a library of the server, outside of any extension
-- made by: administrator
-- 30: warning: every function's code is in the database or an extension
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_library;
CREATE FUNCTION zoo_library.handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
