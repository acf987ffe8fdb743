-- $1 code; of whatever tenant: it is what names the tenant
select jsonb_build_object('code', code, 'tenant', tenant_id, 'vertical', vertical, 'campaign', campaign,
  'language', language, 'expires_at', expires_at, 'active', active)
from tenant_routes where code = $1
