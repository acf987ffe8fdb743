-- $1 conversation -> where what is sent to it goes, such as "wa_id:971501112233".
select address from conversation where id = $1
