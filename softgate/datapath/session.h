/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Sessions: look-up, the states of TCP, the end. */
#pragma once

#include "nat.h"
#include "packet.h"

/* An entry, or NULL, and which map it is of: the verifier must see both come from the same place. */
struct found {
	struct session *entry;
	__u64 six; /* 1: a session6 */
};

/* The entry for packets with this tuple in a realm. */
static __always_inline struct found session_look(const struct tuple *t, __u32 realm)
{
	struct found found;

	if (t->family == 4) {
		struct session4_key key = {
			.realm_protocol = FABRIC_REALM_PROTOCOL(realm, t->protocol),
			.source = t->source.words[3],
			.destination = t->destination.words[3],
		};

		PORT_PAIR(&key) = PORT_PAIR(t);
		found.entry = bpf_map_lookup_elem(&sessions4, &key);
		found.six = 0;
		OPAQUE(found.six);
	} else {
		struct session6_key key = {
			.realm_protocol = FABRIC_REALM_PROTOCOL(realm, t->protocol),
			.source_port = t->source_port,
			.destination_port = t->destination_port,
			.source = t->source,
			.destination = t->destination,
		};

		found.entry = bpf_map_lookup_elem(&sessions6, &key);
		found.six = 1;
		OPAQUE(found.six);
	}
	return found;
}

/* Removes the entry; 0: it was there. */
static __always_inline long session_remove(const struct tuple *t, __u32 realm)
{
	if (t->family == 4) {
		struct session4_key key = {
			.realm_protocol = FABRIC_REALM_PROTOCOL(realm, t->protocol),
			.source = t->source.words[3],
			.destination = t->destination.words[3],
			.source_port = t->source_port,
			.destination_port = t->destination_port,
		};

		return bpf_map_delete_elem(&sessions4, &key);
	} else {
		struct session6_key key = {
			.realm_protocol = FABRIC_REALM_PROTOCOL(realm, t->protocol),
			.source_port = t->source_port,
			.destination_port = t->destination_port,
			.source = t->source,
			.destination = t->destination,
		};

		return bpf_map_delete_elem(&sessions6, &key);
	}
}

/* The tuple that answers what a session's packets become. Its realm is that in which they go on. */
static __always_inline void session_reverse(struct found found, const struct tuple *t, struct tuple *back)
{
	const struct session *s = found.entry;

	back->family = t->family;
	back->protocol = t->protocol;
	back->icmp_type = 0;
	back->icmp_code = 0;
	back->octets = t->octets;
	back->realm = s->realm;
	back->source_port = s->destination_port;
	back->destination_port = s->source_port;
	if (!found.six) {
		const struct session4 *s4 = (const struct session4 *)s;

		back->source = mapped(s4->destination);
		back->destination = mapped(s4->source);
	} else {
		const struct session6 *s6 = (const struct session6 *)s;

		back->source = s6->destination;
		back->destination = s6->source;
	}
}

static __always_inline void session_copy(struct found found, struct session6 *copy)
{
	const struct session *s = found.entry;

	*(struct session *)copy = *s;
	if (!found.six) {
		copy->source = mapped(((const struct session4 *)s)->source);
		copy->destination = mapped(((const struct session4 *)s)->destination);
	} else {
		copy->source = ((const struct session6 *)s)->source;
		copy->destination = ((const struct session6 *)s)->destination;
	}
}

__global int session_find(struct tuple *t, __u32 realm, struct session6 *becomes)
{
	struct found s;

	if (!t || !becomes) {
		return -1;
	}
	s = session_look(t, realm);
	if (!s.entry) {
		return -1;
	}
	session_copy(s, becomes);
	return 0;
}

/* Tells the partner's agent of both directions. `t` is the tuple of the forward entry, in t->realm. 0, or -1: lost. */
__global int session_tell(struct tuple *t, __u32 kind)
{
	struct settings *settings = settings_now();
	struct session_event *event;
	struct found s;
	struct tuple back;

	if (!t || !settings || !settings->sync) {
		return 0;
	}
	s = session_look(t, t->realm);
	if (!s.entry) {
		return 0;
	}
	event = bpf_ringbuf_reserve(&session_events, sizeof(*event), 0);
	if (!event) {
		return -1;
	}
	event->header.kind = kind;
	event->header.vnet = s.entry->vnet;
	event->header.time = bpf_ktime_get_ns();
	event->key.realm_protocol = FABRIC_REALM_PROTOCOL(t->realm, t->protocol);
	event->key.source_port = t->source_port;
	event->key.destination_port = t->destination_port;
	event->key.source = t->source;
	event->key.destination = t->destination;
	session_copy(s, &event->forward);
	session_reverse(s, t, &back);
	s = session_look(&back, back.realm);
	if (s.entry) {
		session_copy(s, &event->back);
	} else {
		__builtin_memset(&event->back, 0, sizeof(event->back));
	}
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/*
 * Follows TCP where a packet may change the state: before both sides have answered, and with SYN, FIN, RST. RFC 5382: a session is
 * established when the handshake is complete; when it has been closed by both or reset, the shorter time counts.
 */
__global int session_track(struct packet *p)
{
	struct session *s, *other;
	struct found found;
	struct tuple back;
	__u16 flags, before;

	if (!p) {
		return 0;
	}
	found = session_look(&p->t, p->realm);
	if (!found.entry) {
		return 0;
	}
	s = found.entry;
	session_reverse(found, &p->t, &back);
	other = session_look(&back, back.realm).entry;
	if (!other) {
		return 0;
	}
	flags = before = s->flags;
	if (p->tcp_flags & TCP_SYN) {
		if ((before | other->flags) & (SESSION_FIN | SESSION_RST)) {
			/* The same ports again. */
			__u16 ended = SESSION_FIN | SESSION_RST | SESSION_ESTABLISHED | SESSION_SYN;

			other->flags &= ~ended;
			flags &= ~ended;
		}
		flags |= SESSION_SYN;
	} else if ((p->tcp_flags & TCP_ACK) && !(flags & SESSION_ESTABLISHED) && (flags & SESSION_FORWARD) && (other->flags & SESSION_SYN)) {
		flags |= SESSION_ESTABLISHED;
		other->flags |= SESSION_ESTABLISHED;
	}
	if (p->tcp_flags & TCP_FIN) {
		flags |= SESSION_FIN;
	}
	if (p->tcp_flags & TCP_RST) {
		flags |= SESSION_RST;
	}
	if (flags == before) {
		return 0;
	}
	s->flags = flags;
	if (flags & SESSION_FORWARD) {
		p->t.realm = p->realm;
		return session_tell(&p->t, EVENT_SESSION_CHANGE);
	}
	return session_tell(&back, EVENT_SESSION_CHANGE);
}

/* Ends a session: `t` is the tuple of its forward entry, in t->realm. Gives back all that it held. */
__global int session_close(struct tuple *t)
{
	struct found s;
	struct session6 copy;
	struct tuple back;
	struct vpc_usage *usage;
	__u32 vpc;

	if (!t) {
		return -1;
	}
	s = session_look(t, t->realm);
	if (!s.entry) {
		return -1;
	}
	session_tell(t, EVENT_SESSION_CLOSE);
	session_copy(s, &copy);
	session_reverse(s, t, &back);
	if (session_remove(t, t->realm) != 0) {
		return -1; /* another CPU was first */
	}
	session_remove(&back, back.realm);

	vpc = t->realm ? t->realm : copy.realm;
	usage = bpf_map_lookup_elem(&vpc_usages, &vpc);
	if (usage) {
		__sync_fetch_and_add(&usage->sessions, -1ull);
	}
	if (copy.flags & SESSION_BALANCED) {
		struct backend_usage *backend = bpf_map_lookup_elem(&backend_usages, &copy.backend);

		if (backend) {
			__sync_fetch_and_add(&backend->sessions, -1ull);
		}
	}
	if (copy.flags & SESSION_SNAT) {
		nat_release(&copy.source, bpf_ntohs(copy.source_port), t->protocol);
	}
	return 0;
}
