-- How many sessions of a name that begins with $1 were told to end.
select count(pg_terminate_backend(pid)) from pg_stat_activity where starts_with(application_name, $1)
