-- What triggers keep of orders' lines and of contracts is moved once a statement, and not once a row: an order of a thousand lines
-- moves a contract once, where each further version of a row makes the next one, and each check of a key to it, slower.

drop trigger refunded_kept on divide_service.refund_line;
create or replace function divide_service.keep_refunded_line() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update divide_service.divide_item i set refunded_minor = i.refunded_minor + taken.minor
    from (select order_id, number, sum(amount_minor)::bigint as minor from inserted group by order_id, number) taken
   where i.order_id = taken.order_id and i.number = taken.number;
  return null;
end $$;
create trigger refunded_kept after insert on divide_service.refund_line
  referencing new table as inserted
  for each statement execute function divide_service.keep_refunded_line();

drop trigger contract_moved on debt_settlement_service.repayment_record;
create or replace function debt_settlement_service.move_contract() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update debt_settlement_service.debt_contract c set settled_minor = c.settled_minor + moved.minor
    from (select contract_id, sum(case type when 'INCOME' then amount_minor else -amount_minor end)::bigint as minor
            from inserted group by contract_id) moved
   where c.contract_id = moved.contract_id;
  return null;
end $$;
create trigger contract_moved after insert on debt_settlement_service.repayment_record
  referencing new table as inserted
  for each statement execute function debt_settlement_service.move_contract();
