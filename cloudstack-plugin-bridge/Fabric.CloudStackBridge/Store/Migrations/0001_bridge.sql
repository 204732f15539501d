create table account (
    id       integer primary key autoincrement,
    name     text    not null unique,
    role     text    not null,
    password text    not null,
    stamp    integer not null
) strict;

-- When a session was last used; a session without a row has not been used since its login.
create table session (
    id      text    primary key,
    account integer not null references account (id) on delete cascade,
    seen    integer not null
) strict;

create index session_seen on session (seen);

-- The access rules as CloudStack wrote them; their order is that of their ids.
create table acl (
    id            integer primary key autoincrement,
    vpc           integer not null,
    name          text    not null,
    action        text    not null,
    proto         text    not null,
    src_prefix    text    not null,
    dst_prefix    text    not null,
    src_port_from integer not null,
    src_port_to   integer not null,
    dst_port_from integer not null,
    dst_port_to   integer not null,
    icmp_type     integer,
    established   integer,
    reverse       text,
    comment       text    not null,
    unique (vpc, name)
) strict;

-- What is to be put in force, and when: the rules of a VPC (vnet 0), or a new tier that waits for its first rule.
create table pending (
    vpc    integer not null,
    vnet   integer not null,
    due    integer not null,
    latest integer not null,
    primary key (vpc, vnet)
) strict;

-- Addresses of internal load balancers, which CloudStack notes in the system VPC though they are none of its addresses. Their ids
-- are above every uid of the controller that is likely.
create table address (
    id      integer primary key autoincrement,
    vpc     integer not null,
    name    text    not null,
    prefix  text    not null,
    purpose text    not null,
    unique (vpc, prefix)
) strict;

insert into sqlite_sequence (name, seq) values ('address', 1073741824);
