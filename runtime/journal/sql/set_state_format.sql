-- set_state_format(app, fingerprint): every state is readable by this code, which begins its turns now.
insert into state_format(app, fingerprint) values ($1, $2)
on conflict (app) do update set fingerprint = excluded.fingerprint, checked_at = now();
