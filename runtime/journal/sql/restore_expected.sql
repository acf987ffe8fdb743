-- restore_expected(): take what the manifest says, which follows; the search path is the role's again, the dump has emptied it.
reset search_path;
create temporary table restore_expected(name text primary key, rows bigint not null) on commit drop;
copy restore_expected from stdin;
