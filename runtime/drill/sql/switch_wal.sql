-- Begin another segment of the write-ahead log.
select pg_switch_wal()::text
