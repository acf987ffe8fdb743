-- journal_is_there() -> whether anything was ever migrated here.
select to_regclass('schema_version') is not null as there;
