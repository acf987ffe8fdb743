select set_config('role', 'none', true), set_config('majlis.tenant', '', true)
