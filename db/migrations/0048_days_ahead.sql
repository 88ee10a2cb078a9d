-- How far ahead of our day a party's time is believed. Clocks differ, a time zone is taken for another, and some banks date what comes on
-- a holiday to the next working day; what lies further ahead has not happened, and would count on a day that nobody has come to.
alter table reference.market add column believed_days_ahead integer not null default 1 check (believed_days_ahead >= 0);
