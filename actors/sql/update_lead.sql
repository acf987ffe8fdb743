-- $1 tenant, $2 lead, $3 name, $4 phone, $5 email, $6 language, $7 wish as JSON, $8 now; what is null stays
update leads set name = coalesce($3, name), phone = coalesce($4, phone), email = coalesce($5, email),
  language = coalesce($6, language), wish = coalesce($7::jsonb, wish), updated_at = $8
where tenant_id = $1 and id = $2
