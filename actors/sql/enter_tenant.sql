-- $1 tenant, as text: from here on, and until the transaction ends or leave_tenant is run, nothing of others is seen.
select set_config('majlis.tenant', $1, true), set_config('role', 'majlis_tenant', true)
