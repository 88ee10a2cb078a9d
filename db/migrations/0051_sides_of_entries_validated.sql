-- In a transaction of its own, so that postings do not wait for it: see 0050.
alter table books.entry validate constraint entry_side_check;
