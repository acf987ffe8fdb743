-- examine_server() -> what the server, the database and this session are like, for `majlis doctor`.
select current_setting('server_version') as version,
  current_setting('server_version_num')::int as number,
  pg_is_in_recovery() as standby,
  current_setting('default_transaction_read_only')::bool as read_only,
  current_setting('default_transaction_isolation') as isolation,
  current_setting('server_encoding') as encoding,
  current_setting('fsync')::bool as fsync,
  current_setting('full_page_writes')::bool as full_page_writes,
  current_setting('synchronous_commit') as synchronous_commit,
  current_setting('statement_timeout')::interval as statement_timeout,
  current_setting('idle_in_transaction_session_timeout')::interval as idle_timeout,
  coalesce(nullif(current_setting('client_connection_check_interval', true), ''), '0') <> '0' as checks_clients,
  current_setting('application_name') as application,
  coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as encrypted,
  coalesce(inet_client_addr() <> '127.0.0.1' and inet_client_addr() <> '::1'
    and inet_client_addr() is distinct from inet_server_addr(), false) as remote,
  coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create,
  pg_database_size(current_database()) as bytes;
