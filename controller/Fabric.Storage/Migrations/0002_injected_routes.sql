-- BGP routes that the controller announces itself. They are beside the intent, in none of its revisions.
create table injected_route (
    site_uid integer not null references resource (uid) on delete cascade,
    family   text    not null,
    name     text    not null,
    change   text    not null,
    author   text    not null,
    time     integer not null,
    primary key (site_uid, family, name)
) strict, without rowid;
