-- $1 tenant, $2 how many; the newest first
select to_jsonb(found) from (
  select key, language, title, body from knowledge_articles
  where tenant_id = $1 order by updated_at desc, key, language limit $2) found
