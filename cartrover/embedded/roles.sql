-- The database, its two logins and the wide role. psql runs this file: for the embedded server, in the composed
-- PostgreSQL at its first start, and by hand on any other server (as a superuser, with the two variables set):
--
--   CARTROVER_OWNER_PASSWORD=... CARTROVER_APP_PASSWORD=... psql -f cartrover/embedded/roles.sql postgres
--
-- Running it again changes nothing but the passwords.

\set ON_ERROR_STOP on
\getenv owner_password CARTROVER_OWNER_PASSWORD
\getenv app_password CARTROVER_APP_PASSWORD

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['cartrover_owner', 'cartrover_app', 'cartrover_wide']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- Owns the tables and migrates them (DATABASE_OWNER_URL). CREATEDB is for the test database.
ALTER ROLE cartrover_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE CREATEDB PASSWORD :'owner_password';

-- The application (DATABASE_URL). Row-level security binds it, since it owns nothing.
ALTER ROLE cartrover_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'app_password';
ALTER ROLE cartrover_app SET statement_timeout = '60s';
ALTER ROLE cartrover_app SET lock_timeout = '15s';
ALTER ROLE cartrover_app SET idle_in_transaction_session_timeout = '60s';

-- Sees across merchants. Policies apply by inheritance, so the application must not inherit it: it says SET LOCAL ROLE.
ALTER ROLE cartrover_wide NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
GRANT cartrover_wide TO cartrover_app WITH INHERIT FALSE, SET TRUE;

SELECT 'CREATE DATABASE cartrover OWNER cartrover_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'cartrover') \gexec

-- Other logins of the server have no business here.
REVOKE ALL ON DATABASE cartrover FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE cartrover TO cartrover_app;
