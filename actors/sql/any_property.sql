-- any_property(tenant) -> whether the tenant has any property at all, as 1 or 0.
select count(*) from (select 1 from properties where tenant_id = $1 limit 1) as first;
