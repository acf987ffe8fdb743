-- ledger_entries() -> every stored event with the turns that cover it, and its fate. turn is locked before inbox, as everywhere.
select i.dedup, i.conversation, i.seq, count(t.version) as turns, min(t.version) as version,
  coalesce(d.fate, case when i.seq <= c.done_seq then 'done' else 'waiting' end) as fate
from turn t
right join inbox i on t.conversation = i.conversation and i.seq between t.first_seq and t.last_seq
join conversation c on c.id = i.conversation
left join dead_letter d on d.conversation = i.conversation and d.seq = i.seq
group by i.dedup, i.conversation, i.seq, c.done_seq, d.fate
order by i.conversation, i.seq;
