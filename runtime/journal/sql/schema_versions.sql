-- schema_versions() -> (namespace, version, name, checksum, additive) of all migrations that were applied. Read as JSON: a
-- database of before has no column `additive`.
select namespace, version, name, checksum, coalesce((to_jsonb(v) ->> 'additive')::boolean, false) as additive
from schema_version v order by namespace, version;
