-- backup_migrations() -> (namespace, version): how far each schema is.
select namespace, max(version) as version from schema_version group by namespace order by namespace;
