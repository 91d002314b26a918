CREATE TABLE notes (id serial PRIMARY KEY, body text);
CREATE TABLE shipped (code text PRIMARY KEY);
INSERT INTO shipped VALUES ('a'), ('b');
GRANT SELECT ON notes, shipped TO PUBLIC;
CREATE TABLE hidden (body text);
