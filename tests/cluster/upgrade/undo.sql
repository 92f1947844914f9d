do $$
begin
  if exists (select from alembic_version where version_num = '9001') then
    drop trigger complaint_filed_as on complaint;
    drop function complaint_filed_as();
    alter table complaint drop column filed_as;
  elsif exists (select from alembic_version where version_num = '9002') then
    alter table complaint rename column filed_as to reporter_kind;
  end if;
  update alembic_version set version_num = 'HEAD' where version_num in ('9001', '9002');
end $$
