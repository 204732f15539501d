-- A session that was logged out: its cookie is void though its signature is good.
alter table session add column ended integer not null default 0;
