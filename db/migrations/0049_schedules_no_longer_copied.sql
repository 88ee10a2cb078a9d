-- What 0016 has announced: every version that still serves writes asset management's copy of a schedule itself.
drop trigger schedule_copied on asset_center.loan;
drop function asset_center.copy_schedule();
