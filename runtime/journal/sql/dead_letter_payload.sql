-- dead_letter_payload(id) -> the event as it came.
select payload from dead_letter where id = $1;
