-- Additive: meetings at exhibitions have a number of their own in each tenant, as requests have. Those that an older program
-- keeps have none; the next one who asks for the same gives it one.

alter table expo_meetings add column number bigint;
update expo_meetings m set number = counted.number
from (select id, row_number() over (partition by tenant_id order by id) as number from expo_meetings) counted
where counted.id = m.id;
insert into tenant_counters (tenant_id, name, last)
select tenant_id, 'meeting', max(number) from expo_meetings group by tenant_id;
create unique index expo_meetings_number on expo_meetings (tenant_id, number);
