-- applied_migrations() -> every step that was applied.
select namespace, version, name, checksum from schema_version order by namespace, version;
