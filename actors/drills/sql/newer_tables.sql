-- How many tables of the newer code there are.
select count(*) from pg_tables where tablename = 'kept_by_newer'
