-- lock_schema_shared(key): wait until nobody migrates or restores, and let nobody begin while this session lives.
select pg_advisory_lock_shared($1);
