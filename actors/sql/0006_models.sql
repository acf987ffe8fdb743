-- Additive: what an agency knows, what models were asked on its behalf, and what that took of its day.
-- Costs are millionths of the currency of the prices; a day is one of UTC, and holds what is reserved, too.

create table knowledge_articles (            -- what a model may answer from
  tenant_id bigint not null references tenants(id),
  key text not null,
  language text not null check (language in ('en', 'fa', 'ar', 'ru')),
  title text not null,
  body text not null,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, key, language));

create table model_days (
  tenant_id bigint not null references tenants(id),
  day date not null,
  tokens bigint not null,
  cost bigint not null,
  primary key (tenant_id, day));

create table model_calls (                   -- one row a question; `tokens` and `cost` are reserved until `ended_at`
  id text primary key,
  tenant_id bigint not null references tenants(id),
  conversation text not null,
  message text not null,
  kind text not null check (kind in ('text', 'image', 'voice')),
  model text not null,
  request jsonb not null,                    -- what was sent, without secrets and without the content of files
  day date not null,
  tokens bigint not null,
  cost bigint not null,
  asked_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  code text);
create index model_calls_of_tenant on model_calls (tenant_id, asked_at);

do $$
declare name text;
begin
  foreach name in array array['knowledge_articles', 'model_days', 'model_calls']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy one_tenant on %I using (tenant_id = nullif(current_setting(''majlis.tenant'', true), '''')::bigint)', name);
  end loop;
end $$;
