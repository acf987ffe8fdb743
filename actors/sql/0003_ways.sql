-- Additive: what else leads a conversation to a tenant, and the code or the advertisement that did.

alter table routing_decisions add column named text;
alter table routing_decisions drop constraint routing_decisions_reason_check;
alter table routing_decisions add constraint routing_decisions_reason_check check (reason in ('link', 'code', 'ad'));
