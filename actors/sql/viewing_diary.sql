-- $1 tenant, $2 from, $3 to: hours of those who work, days on which they do not, and what is booked
select jsonb_build_object(
  'hours', coalesce((select jsonb_agg(jsonb_build_object(
      'operator', rule.operator_id, 'weekday', rule.weekday, 'starts', rule.starts, 'ends', rule.ends))
    from availability_rules rule join operators operator on operator.id = rule.operator_id
    where rule.tenant_id = $1 and operator.tenant_id = $1 and operator.active), '[]'),
  'away', coalesce((select jsonb_agg(jsonb_build_object(
      'operator', closure.operator_id, 'first', closure.first_day, 'last', closure.last_day))
    from closures closure where closure.tenant_id = $1 and closure.last_day >= $2::timestamptz::date - 1), '[]'),
  'taken', coalesce((select jsonb_agg(jsonb_build_object(
      'operator', booked.operator_id, 'starts', lower(booked.during), 'ends', upper(booked.during)))
    from appointments booked
    where booked.tenant_id = $1 and booked.status in ('booked', 'confirmed')
      and upper(booked.during) > $2::timestamptz and lower(booked.during) < $3::timestamptz), '[]'))
