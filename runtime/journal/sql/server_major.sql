-- server_major() -> the first number of the server's version.
select current_setting('server_version_num')::int / 10000 as major;
