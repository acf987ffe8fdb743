-- $1 tenant, $2 day, $3 tokens, $4 cost, $5 most tokens a day, $6 most cost a day (0: no limit); a row if they are there
insert into model_days (tenant_id, day, tokens, cost)
select $1, $2, $3, $4 where ($5::bigint = 0 or $3::bigint <= $5) and ($6::bigint = 0 or $4::bigint <= $6)
on conflict (tenant_id, day) do update set tokens = model_days.tokens + excluded.tokens, cost = model_days.cost + excluded.cost
where ($5 = 0 or model_days.tokens + excluded.tokens <= $5) and ($6 = 0 or model_days.cost + excluded.cost <= $6)
returning 1
