-- what: an extension whose files are gone from the server: an image that was changed, a package that was removed
-- made by: administrator
-- 30: failed: the server has the files of every extension
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE EXTENSION zoo_configured;
