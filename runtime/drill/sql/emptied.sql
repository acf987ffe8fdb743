-- Empties a database that is for drills: everything in it goes.
drop schema public cascade;
create schema public;
