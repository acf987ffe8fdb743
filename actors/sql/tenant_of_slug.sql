-- $1 slug -> the id of the tenant that has it now
select id from tenants where slug = $1 and status <> 'disabled' order by id desc limit 1
