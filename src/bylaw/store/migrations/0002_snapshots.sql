create table bylaw_snapshots (
  number $key,
  digest $text not null unique,
  made $text not null,
  size bigint not null
);
create table bylaw_snapshot_parts (
  digest $text not null,
  part integer not null,
  data $bytes not null,
  primary key (digest, part)
);
create table bylaw_pushed (
  ref $text primary key,
  entity $text
);
