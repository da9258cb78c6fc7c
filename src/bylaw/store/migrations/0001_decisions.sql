create table bylaw_decisions (
  seq bigint primary key,
  said $text not null,
  before $text not null,
  hash $text not null,
  id $text not null,
  time $text not null,
  gate $text not null,
  subject $text not null,
  decision $text not null,
  rules $text not null
);
create index bylaw_decisions_id on bylaw_decisions (id);
create index bylaw_decisions_subject on bylaw_decisions (subject, gate, seq);
create table bylaw_head (
  one integer primary key check (one = 1),
  seq bigint not null,
  hash $text not null
);
insert into bylaw_head (one, seq, hash)
  values (1, 0, 'sha256:0000000000000000000000000000000000000000000000000000000000000000');
