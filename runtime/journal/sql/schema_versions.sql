-- schema_versions() -> (namespace, version, name, checksum) of all migrations that were applied.
select namespace, version, name, checksum from schema_version order by namespace, version;
