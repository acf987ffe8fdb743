-- examine_backend() -> the process that serves this session.
select pg_backend_pid() as pid;
