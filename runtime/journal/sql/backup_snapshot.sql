-- backup_snapshot() -> the name under which others read what this transaction sees, and what is being read.
select pg_export_snapshot() as snapshot, current_setting('server_version') as server_version,
  current_database() as database, to_regclass('schema_version') is not null as migrated;
