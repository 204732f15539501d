-- Times are milliseconds since 1970-01-01T00:00:00Z. Names compare by octets (BINARY), as they do in memory.

create table meta (
    id       integer primary key check (id = 1),
    revision integer not null,
    next_uid integer not null
) strict;
insert into meta (id, revision, next_uid) values (1, 0, 1);

create table resource (
    uid      integer primary key,
    kind     text    not null,
    name     text    not null,
    revision integer not null,
    labels   text    not null,
    spec     text    not null,
    unique (kind, name)
) strict;

create table revision (
    number integer primary key,
    author text    not null,
    role   text    not null,
    reason text    not null,
    source text    not null,
    time   integer not null
) strict;

-- One row for each resource that a revision changed, as it was after the change; for a deletion as it was before.
create table resource_history (
    revision integer not null references revision (number),
    uid      integer not null,
    kind     text    not null,
    name     text    not null,
    deleted  integer not null,
    created  integer not null,
    labels   text    not null,
    spec     text    not null,
    primary key (revision, uid)
) strict, without rowid;
create index resource_history_by_uid on resource_history (uid, revision);
create index resource_history_by_name on resource_history (kind, name, revision);

create table identifier (
    space     text    not null,
    scope_uid integer not null,
    owner_uid integer not null,
    part      text    not null,
    value     integer not null,
    given     integer not null,
    primary key (space, scope_uid, owner_uid, part),
    unique (space, scope_uid, value)
) strict;

create table pending_release (
    space      text    not null,
    scope_uid  integer not null,
    value      integer not null,
    device_uid integer not null,
    revision   integer not null,
    primary key (space, scope_uid, value, device_uid)
) strict, without rowid;

create table audit (
    id       integer primary key autoincrement,
    time     integer not null,
    author   text    not null,
    role     text    not null,
    action   text    not null,
    target   text    not null,
    reason   text    not null,
    source   text    not null,
    revision integer,
    outcome  text    not null
) strict;

create table api_token (
    id      text    primary key,
    name    text    not null,
    role    text    not null,
    hash    blob    not null unique,
    created integer not null,
    expires integer,
    revoked integer
) strict;

create table idempotency (
    token_id     text    not null,
    key          text    not null,
    request_hash blob    not null,
    status       integer not null,
    headers      text    not null,
    body         text    not null,
    time         integer not null,
    primary key (token_id, key)
) strict;
create index idempotency_by_time on idempotency (time);

create table device_status (
    device_uid integer primary key,
    time       integer not null,
    json       text    not null
) strict;

create table apply_log (
    id           integer primary key autoincrement,
    device_uid   integer not null,
    transaction_id text not null,
    revision     integer not null,
    cause        text    not null,
    started      integer not null,
    ended        integer,
    outcome      text,
    detail       text,
    objects      text    not null,
    commands     text    not null,
    unique (device_uid, transaction_id)
) strict;
create index apply_log_by_device on apply_log (device_uid, id);
