-- $1 id, $2 slug
select 1 from tenants where id = $1 and slug = $2 and status <> 'disabled'
