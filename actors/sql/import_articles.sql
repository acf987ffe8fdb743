-- $1 tenant, $2 keys, $3 languages, $4 titles, $5 bodies
insert into knowledge_articles (tenant_id, key, language, title, body)
select $1, key, language, title, body
from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as given(key, language, title, body)
