-- The longest that the partner's contract lets a loan run that it funds, from its first day to its last due date. Null: its
-- contract has no such rule.
alter table reference.party
  add column longest_term_days integer check (longest_term_days > 0),
  add constraint longest_term_is_of_funding_partners check (longest_term_days is null or kind = 'FUNDING_PARTNER');
