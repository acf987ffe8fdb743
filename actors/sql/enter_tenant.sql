-- $1 tenant, as text: from here on, and until the transaction ends or leave_tenant is run, nothing of others is seen. Says
-- whether another tenant was entered already.
select coalesce(current_setting('majlis.tenant', true), '') <> '' as entered,
  set_config('majlis.tenant', $1, true), set_config('role', 'majlis_tenant', true)
