-- What Longroom's tables take on the disk, indexes included. Run it as their owner, who sees all rows.
select (select count(*) from longroom.message) as messages,
       pg_size_pretty(sum(pg_total_relation_size(oid))) as size,
       pg_size_pretty(round(sum(pg_total_relation_size(oid))
                            / greatest((select count(*) from longroom.message), 1))) as per_message
  from pg_class
 where relnamespace = 'longroom'::regnamespace and relkind = 'r';
