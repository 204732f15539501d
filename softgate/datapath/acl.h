/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Access lists: two classes of addresses, one of the service, then two cells. What that costs depends on the prefix lengths in a list, not
 * on its rules. What should be there and is not denies.
 */
#pragma once

#include "packet.h"
#include "route.h"

#define ACL_LOGS_PER_SECOND 256 /* a CPU */

enum acl_side {
	ACL_SOURCE = 0,
	ACL_DESTINATION = 1,
};

struct acl_budget {
	__u64 second;
	__u64 spent;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct acl_budget);
	__uint(max_entries, 1);
} acl_budgets SEC(".maps"); /* not pinned: belongs to one load */

/* Class of an IPv4 address; bit n of `left`: there are prefixes of length n. */
__global int acl_class4(__be32 address, __u64 left, __u32 version, __u32 side)
{
	struct acl_address_key key = {};

	key.version = version;
	key.side = side;
	key.address.words[2] = bpf_htonl(0xffff);
	for (int i = 0; i < 33 && left; i++) {
		__u32 bit = highest_bit(left);
		struct acl_class *found;

		if (bit > 32) {
			break;
		}
		left &= ~(1ull << bit);
		key.length = 96 + bit;
		key.address.words[3] = bit ? address & bpf_htonl(~0u << (32 - bit)) : 0;
		found = bpf_map_lookup_elem(&acl_addresses, &key);
		if (found) {
			return found->class_;
		}
	}
	return 0;
}

/* Class of an IPv6 address. Takes the lengths out of `left`. */
__global int acl_class6(struct address *address, struct lengths *left, __u32 version, __u32 side)
{
	struct acl_address_key key = {};

	if (!address || !left) {
		return 0;
	}
	key.version = version;
	key.side = side;
	for (int i = 0; i < 129; i++) {
		int length = longest_length(left);
		struct acl_class *found;

		if (length < 0) {
			break;
		}
		key.length = length;
		key.address = *address;
		mask_address(&key.address, length);
		found = bpf_map_lookup_elem(&acl_addresses, &key);
		if (found) {
			return found->class_;
		}
	}
	return 0;
}

/* Class of a protocol that the list names, with its port or type and code, host order. */
__global int acl_service_class(__u32 version, __u32 protocol, __u32 port)
{
	struct acl_service_key key = {};
	struct acl_service *whole, *found;
	__u32 left;

	key.version = version;
	key.protocol = protocol;
	whole = bpf_map_lookup_elem(&acl_services, &key);
	if (!whole) {
		return 0;
	}
	left = whole->lengths & 0x1fffe;
	for (int i = 0; i < 16 && left; i++) {
		__u32 bit = highest_bit(left);

		if (bit > 16) {
			break;
		}
		left &= ~(1u << bit);
		key.length = bit;
		key.port = port & (0xffff << (16 - bit));
		found = bpf_map_lookup_elem(&acl_services, &key);
		if (found) {
			return found->class_;
		}
	}
	return whole->class_;
}

/* Tells the agent, so often a second at most. What is more is not counted as lost: the rule's counter has it. */
__global int acl_log(struct tuple *t, __u32 uid, __u32 cell)
{
	__u64 now = bpf_ktime_get_ns(), second = now / NANOSECONDS;
	struct acl_budget *budget;
	struct flow_event *event;
	__u32 zero = 0;

	budget = bpf_map_lookup_elem(&acl_budgets, &zero);
	if (!t || !budget) {
		return -1;
	}
	if (budget->second != second) {
		budget->second = second;
		budget->spent = 0;
	}
	if (budget->spent >= ACL_LOGS_PER_SECOND) {
		return -1;
	}
	budget->spent++;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNTER_EVENTS_LOST);
		return -1;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->header.kind = EVENT_FLOW_LOG;
	event->header.time = now;
	event->source = t->source;
	event->destination = t->destination;
	event->source_port = t->source_port;
	event->destination_port = is_icmp(t->protocol) ? bpf_htons(t->icmp_type << 8 | t->icmp_code) : t->destination_port;
	event->protocol = t->protocol;
	event->permitted = (cell & ACL_PERMIT) != 0;
	event->rule = ACL_RULE(cell);
	event->realm = t->realm;
	event->acl = uid;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* The verdict cell of a tuple. */
static __always_inline __u32 *acl_cell(struct tuple *t, __u32 version, struct acl *acl)
{
	__u32 source, destination, service = 0, index;
	__u32 *cell;

	if (t->family == 4) {
		source = acl->sources4 ? acl_class4(t->source.words[3], acl->sources4, version, ACL_SOURCE) : 0;
		destination = acl->destinations4 ? acl_class4(t->destination.words[3], acl->destinations4, version, ACL_DESTINATION) : 0;
	} else {
		struct lengths left = {{acl->sources6[0], acl->sources6[1], acl->sources6[2]}};

		source = acl_class6(&t->source, &left, version, ACL_SOURCE);
		left.words[0] = acl->destinations6[0];
		left.words[1] = acl->destinations6[1];
		left.words[2] = acl->destinations6[2];
		destination = acl_class6(&t->destination, &left, version, ACL_DESTINATION);
	}
	if (acl->protocols[(t->protocol >> 5) & 7] & (1u << (t->protocol & 31))) {
		__u32 port = is_icmp(t->protocol) ? t->icmp_type << 8 | t->icmp_code : bpf_ntohs(t->destination_port);

		service = acl_service_class(version, t->protocol, port);
	}
	index = acl->pairs + source * acl->destination_classes + destination;
	cell = bpf_map_lookup_elem(&acl_cells, &index);
	if (!cell) {
		return NULL;
	}
	index = acl->verdicts + *cell * acl->service_classes + service;
	return bpf_map_lookup_elem(&acl_cells, &index);
}

/* Judges a tuple by a version of a list. 0: may pass; DROP(COUNTER_DENIED): may not. */
__global int acl_judge(struct tuple *t, __u32 version)
{
	struct acl *acl = bpf_map_lookup_elem(&acls, &version);
	struct acl_counter *counter;
	__u32 *cell, verdict, index;

	if (!t || !acl) {
		return DROP(COUNTER_DENIED);
	}
	cell = acl_cell(t, version, acl);
	if (!cell) {
		return DROP(COUNTER_DENIED);
	}
	verdict = *cell;
	index = acl->first_counter + ACL_RULE(verdict);
	counter = bpf_map_lookup_elem(&acl_counters, &index);
	if (counter) {
		counter->packets++;
		counter->octets += t->octets;
	}
	if (verdict & ACL_LOG) {
		acl_log(t, acl->uid, verdict);
	}
	return verdict & ACL_PERMIT ? 0 : DROP(COUNTER_DENIED);
}
