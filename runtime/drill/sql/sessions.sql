-- Every session whose application_name begins with $1, and what it does and holds.
SELECT s.pid, s.application_name AS name, coalesce(s.state, '') AS state, coalesce(s.query, '') AS query,
       s.xact_start IS NOT NULL AS in_transaction,
       (SELECT count(*)::int FROM pg_locks l WHERE l.pid = s.pid AND l.locktype = 'advisory') AS advisory_locks
  FROM pg_stat_activity s
 WHERE starts_with(s.application_name, $1)
   AND s.backend_type = 'client backend'
   AND s.pid <> pg_backend_pid()
 ORDER BY s.application_name, s.pid
