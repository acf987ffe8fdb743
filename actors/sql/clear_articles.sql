-- $1 tenant
delete from knowledge_articles where tenant_id = $1
