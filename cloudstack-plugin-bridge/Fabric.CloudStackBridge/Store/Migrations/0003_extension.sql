-- Tokens of CloudStack's extension, of which only hashes are kept. What a caller makes belongs to the name, so a new token for the
-- same name goes on with it.
create table extension_token (
    name text    not null,
    use  text    not null,
    hash text    not null unique,
    primary key (name, use)
) strict;

-- What CloudStack has said of a routing domain: an isolated network, or a VPC with its tiers.
create table extension_domain (
    cloud text not null,
    zone  integer not null,
    scope text not null,
    state text not null,
    primary key (cloud, zone, scope)
) strict;

-- What virtual machines ask their metadata service for: user data, passwords, keys. Nothing of it ever leaves this file except to the
-- hypervisor that serves it.
create table extension_guest (
    cloud   text    not null,
    zone    integer not null,
    network integer not null,
    mac     text    not null,
    ip      text,
    files   text    not null,
    primary key (cloud, zone, network, mac)
) strict;
