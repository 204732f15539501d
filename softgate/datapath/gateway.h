/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What gateways say and hear themselves: ARP, ND, echo; hosts that are to be resolved. What teaches a neighbour's address is told to the
 * agent, which decides what to believe; nothing is learnt here.
 */
#pragma once

#include "answer.h"

#define ARP_REQUEST 1
#define ARP_REPLY 2

#define ICMP6_ROUTER_ADVERTISEMENT 134
#define ICMP6_NEIGHBOR_SOLICITATION 135
#define ICMP6_NEIGHBOR_ADVERTISEMENT 136
#define ND_HOPS 255            /* RFC 4861 section 7.1: nothing that was routed */
#define ND_LARGEST 256         /* octets of a message with its options */
#define ND_TARGET_MAC 2
#define NA_ROUTER (1u << 31)
#define NA_SOLICITED (1u << 30)
#define NA_OVERRIDE (1u << 29)

#define FOR_GATEWAY DROP(COUNTER_ANSWERED) /* for gateway_packet; the packet is still as it came */

#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IPV6 0x86dd

struct arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[6];
	__be32 sender;
	__u8 target_mac[6];
	__be32 target;
} __attribute__((packed));

struct neighbor_message { /* RFC 4861 sections 4.3 and 4.4 */
	struct icmp icmp; /* flags where echo has identifier and sequence number */
	struct address target;
};

struct advertisement { /* all of it, with the only option that we send */
	struct ipv6 ip;
	struct neighbor_message message;
	__u8 option;
	__u8 option_length; /* units of 8 octets */
	__u8 mac[6];
};

static __always_inline int same_mac(const __u8 *one, const __u8 *other)
{
	__u8 difference = 0;

#pragma unroll
	for (int i = 0; i < 6; i++) {
		difference |= one[i] ^ other[i];
	}
	return !difference;
}

static __always_inline int is_all_nodes(const struct address *address)
{
	return address->halves[0] == bpf_cpu_to_be64(0xff02ull << 48) && address->halves[1] == bpf_cpu_to_be64(1);
}

/* ---- answers to frames go back the way the frame came --------------------------------------------------------------------------------- */

static __always_inline int swap_macs(struct xdp_md *ctx, __u32 offset)
{
	__u8 mac[18];

	if (bpf_xdp_load_bytes(ctx, offset, mac, 12)) {
		return -1;
	}
	__builtin_memcpy(mac + 12, mac, 6);
	return bpf_xdp_store_bytes(ctx, offset, mac + 6, 12);
}

/*
 * Sends a frame out where it came in: in VXLAN, to the VTEP that sent it. `length` is that of what lies behind the inner Ethernet header,
 * which is right already. A verdict or DROP.
 */
__global int turn_round(struct xdp_md *ctx, struct packet *p, __u32 length)
{
	__u32 inner;

	if (!p) {
		return DROP(COUNTER_MALFORMED);
	}
	if (p->role != PORT_UNDERLAY) {
		return XDP_TX;
	}
	if (swap_macs(ctx, 0)) {
		return DROP(COUNTER_MALFORMED);
	}
	inner = sizeof(struct udp) + sizeof(struct vxlan) + (p->l3 - p->l2) + length;
	if (is_mapped(&p->vtep)) {
		__u32 outer = p->l2 - sizeof(struct vxlan) - sizeof(struct udp) - sizeof(struct ipv4);
		struct ipv4 ip;
		__be32 own;

		if (bpf_xdp_load_bytes(ctx, outer, &ip, sizeof(ip))) {
			return DROP(COUNTER_MALFORMED);
		}
		if (ip.version_length != 0x45) {
			return DROP(COUNTER_UNSUPPORTED);
		}
		own = ip.destination;
		ip.destination = ip.source;
		ip.source = own;
		ip.tos = 0;
		ip.id = 0;
		ip.fragment = IPV4_DONT_FRAGMENT;
		ip.ttl = DEFAULT_TTL;
		ip.total = bpf_htons(sizeof(ip) + inner);
		ip.checksum = 0;
		ip.checksum = ~checksum_fold(sum_of(0, &ip, sizeof(ip)));
		if (bpf_xdp_store_bytes(ctx, outer, &ip, sizeof(ip))) {
			return DROP(COUNTER_MALFORMED);
		}
	} else {
		__u32 outer = p->l2 - sizeof(struct vxlan) - sizeof(struct udp) - sizeof(struct ipv6);
		struct ipv6 ip;
		struct address own;

		if (bpf_xdp_load_bytes(ctx, outer, &ip, sizeof(ip))) {
			return DROP(COUNTER_MALFORMED);
		}
		if (ip.next != IPPROTO_UDP) {
			return DROP(COUNTER_UNSUPPORTED);
		}
		own = ip.destination;
		ip.destination = ip.source;
		ip.source = own;
		ip.version_class_label = bpf_htonl(6u << 28);
		ip.hops = DEFAULT_TTL;
		ip.payload = bpf_htons(inner);
		if (bpf_xdp_store_bytes(ctx, outer, &ip, sizeof(ip))) {
			return DROP(COUNTER_MALFORMED);
		}
	}

	/* Source port and VNI stay. No checksum: RFC 7348 section 5, RFC 6935. */
	struct {
		__be16 length;
		__u16 checksum;
		__be32 vxlan_flags;
	} rest = {bpf_htons(inner), 0, VXLAN_HAS_VNI};

	if (bpf_xdp_store_bytes(ctx, p->l2 - sizeof(struct vxlan) - 4, &rest, sizeof(rest))) {
		return DROP(COUNTER_MALFORMED);
	}
	return XDP_TX;
}

/* ---- what the agent hears ------------------------------------------------------------------------------------------------------------ */

/* The frame for the agent. */
static __always_inline void tell(struct xdp_md *ctx, struct packet *p)
{
	struct neighbor_event *event;
	__u32 length = bpf_xdp_get_buff_len(ctx) - p->l2;

	if (!within(BOUND_NEIGHBORS, p->vnet, p->second, NEIGHBORS_PER_SECOND)) {
		count(COUNTER_EVENTS_LOST);
		return;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNTER_EVENTS_LOST);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->header.kind = EVENT_NEIGHBOR;
	event->header.vnet = p->vnet;
	event->header.time = bpf_ktime_get_ns();
	event->vtep = p->vtep;
	asm volatile("" : "+r"(length));
	if (length > sizeof(event->frame)) {
		length = sizeof(event->frame);
	}
	if (length < sizeof(struct ethernet) || bpf_xdp_load_bytes(ctx, p->l2, event->frame, length)) {
		bpf_ringbuf_discard(event, 0);
		return;
	}
	event->length = length;
	bpf_ringbuf_submit(event, 0);
}

/* ---- ARP (RFC 826, RFC 5227) ----------------------------------------------------------------------------------------------------------- */

/* A verdict or DROP. */
__global int gateway_arp(struct xdp_md *ctx, struct packet *p)
{
	struct ethernet ethernet;
	struct address sender, target;
	struct vnet *vnet;
	struct arp arp;
	__u32 index;
	__be32 asked;
	__u8 own[6];

	if (!p || bpf_xdp_load_bytes(ctx, p->l3, &arp, sizeof(arp)) || bpf_xdp_load_bytes(ctx, p->l2, &ethernet, sizeof(ethernet))) {
		return DROP(COUNTER_MALFORMED);
	}
	if (arp.hardware != bpf_htons(1) || arp.protocol != bpf_htons(ETH_P_IP) || arp.hardware_length != 6 || arp.protocol_length != 4 ||
	    arp.sender_mac[0] & 1 || ethernet.source[0] & 1) {
		return DROP(COUNTER_MALFORMED);
	}
	index = p->vnet;
	vnet = bpf_map_lookup_elem(&vnets, &index);
	if (!vnet || !index) {
		return DROP(COUNTER_NOT_FOR_US);
	}
	__builtin_memcpy(own, vnet->mac, 6);
	sender = mapped(arp.sender);
	target = mapped(arp.target);
	/* Our own, heard again through the flood, or somebody who claims our address: teaches nothing. */
	if (same_mac(own, arp.sender_mac) || gateway_at(index, &sender)) {
		return DROP(COUNTER_NOT_FOR_US);
	}

	if (arp.operation == bpf_htons(ARP_REQUEST) && gateway_at(index, &target)) {
		if (arp.sender) {
			tell(ctx, p);
		}
		__builtin_memcpy(ethernet.destination, ethernet.source, 6);
		__builtin_memcpy(ethernet.source, own, 6);
		asked = arp.target;
		arp.operation = bpf_htons(ARP_REPLY);
		__builtin_memcpy(arp.target_mac, arp.sender_mac, 6);
		arp.target = arp.sender;
		__builtin_memcpy(arp.sender_mac, own, 6);
		arp.sender = asked;
		if (bpf_xdp_store_bytes(ctx, p->l2, &ethernet, sizeof(ethernet)) || bpf_xdp_store_bytes(ctx, p->l3, &arp, sizeof(arp))) {
			return DROP(COUNTER_MALFORMED);
		}
		count(COUNTER_ANSWERED);
		return turn_round(ctx, p, bpf_xdp_get_buff_len(ctx) - p->l3);
	}

	/* Gratuitous ones of both kinds, and replies to what the agent has asked. */
	if (arp.sender && (arp.sender == arp.target ||
			   (arp.operation == bpf_htons(ARP_REPLY) && same_mac(own, ethernet.destination)))) {
		tell(ctx, p);
		return DROP(COUNTER_TOLD);
	}
	return DROP(COUNTER_NOT_FOR_US);
}

/* ---- neighbour discovery (RFC 4861, RFC 4862) -------------------------------------------------------------------------------------------- */

/* Whether the checksum of the ICMPv6 message at p->l4 is right. */
static __always_inline int checksum_holds(struct xdp_md *ctx, struct packet *p, struct scratch *s, const struct ipv6 *ip)
{
	__u32 length = bpf_ntohs(ip->payload);
	__s64 sum;

	if (length > ND_LARGEST) {
		return 0;
	}
	sum = sum_of_packet(ctx, s, 0, p->l4, length);
	return sum >= 0 && checksum_fold(sum_of(sum, &ip->source, 32) + ip->payload + bpf_htons(IPPROTO_ICMPV6)) == 0xffff;
}

/* A verdict or DROP. */
__global int gateway_nd(struct xdp_md *ctx, struct packet *p)
{
	struct scratch *s = scratch();
	struct advertisement *answer;
	struct neighbor_message message;
	struct address from, to;
	struct ethernet ethernet;
	struct ipv6 ip;
	struct vnet *vnet;
	__u32 index, flags;
	__u8 own[6];

	if (!p || !s || bpf_xdp_load_bytes(ctx, p->l3, &ip, sizeof(ip)) || bpf_xdp_load_bytes(ctx, p->l2, &ethernet, sizeof(ethernet))) {
		return DROP(COUNTER_MALFORMED);
	}
	if (ip.next != IPPROTO_ICMPV6) {
		return DROP(COUNTER_NOT_FOR_US); /* multicast of another kind; ND behind extension headers is nobody's (RFC 6980) */
	}
	from = ip.source;
	to = ip.destination;
	p->l4 = p->l3 + sizeof(ip);
	if (bpf_xdp_load_bytes(ctx, p->l4, &message, sizeof(message.icmp))) {
		return DROP(COUNTER_MALFORMED);
	}
	if (message.icmp.type < ICMP6_ROUTER_SOLICITATION || message.icmp.type > ICMP6_NEIGHBOR_ADVERTISEMENT) {
		return DROP(COUNTER_NOT_FOR_US);
	}
	if (ip.hops != ND_HOPS || message.icmp.code || ethernet.source[0] & 1 || from.octets[0] == 0xff ||
	    !checksum_holds(ctx, p, s, &ip)) {
		return DROP(COUNTER_MALFORMED);
	}
	index = p->vnet;
	vnet = bpf_map_lookup_elem(&vnets, &index);
	if (!vnet || !index) {
		return DROP(COUNTER_NOT_FOR_US);
	}
	__builtin_memcpy(own, vnet->mac, 6);
	if (same_mac(own, ethernet.source) || gateway_at(index, &from)) {
		return DROP(COUNTER_NOT_FOR_US);
	}
	if (message.icmp.type == ICMP6_ROUTER_SOLICITATION) {
		tell(ctx, p);
		return DROP(COUNTER_TOLD);
	}
	if (message.icmp.type == ICMP6_ROUTER_ADVERTISEMENT) {
		return DROP(COUNTER_NOT_FOR_US); /* we are the router */
	}
	if (bpf_ntohs(ip.payload) < sizeof(message) || bpf_xdp_load_bytes(ctx, p->l4, &message, sizeof(message)) ||
	    message.target.octets[0] == 0xff) {
		return DROP(COUNTER_MALFORMED);
	}
	if (message.icmp.type == ICMP6_NEIGHBOR_ADVERTISEMENT) {
		if (gateway_at(index, &message.target) || !(is_all_nodes(&to) || gateway_at(index, &to))) {
			return DROP(COUNTER_NOT_FOR_US);
		}
		tell(ctx, p);
		return DROP(COUNTER_TOLD);
	}
	if (!gateway_at(index, &message.target)) {
		return DROP(COUNTER_NOT_FOR_US);
	}

	/* Without a source somebody looks whether the address is free (RFC 4862 section 5.4.3): it is not, and all may know. */
	flags = NA_ROUTER | NA_OVERRIDE;
	if (is_zero(&from)) {
		if (to.octets[0] != 0xff) {
			return DROP(COUNTER_MALFORMED);
		}
		ethernet.destination[0] = ethernet.destination[1] = 0x33;
		ethernet.destination[2] = ethernet.destination[3] = ethernet.destination[4] = 0;
		ethernet.destination[5] = 1;
		ip.destination.halves[0] = bpf_cpu_to_be64(0xff02ull << 48);
		ip.destination.halves[1] = bpf_cpu_to_be64(1);
	} else {
		tell(ctx, p);
		flags |= NA_SOLICITED;
		__builtin_memcpy(ethernet.destination, ethernet.source, 6);
		ip.destination = ip.source;
	}
	__builtin_memcpy(ethernet.source, own, 6);
	ip.version_class_label = bpf_htonl(6u << 28);
	ip.payload = bpf_htons(sizeof(*answer) - sizeof(ip));
	ip.source = message.target;

	answer = (void *)s->data;
	answer->ip = ip;
	answer->message.icmp.type = ICMP6_NEIGHBOR_ADVERTISEMENT;
	answer->message.icmp.code = 0;
	answer->message.icmp.checksum = 0;
	answer->message.icmp.id = bpf_htons(flags >> 16);
	answer->message.icmp.sequence = 0;
	answer->message.target = message.target;
	answer->option = ND_TARGET_MAC;
	answer->option_length = 1;
	__builtin_memcpy(answer->mac, own, 6);
	answer->message.icmp.checksum =
		~checksum_fold(sum_of(0, &answer->ip.source, sizeof(*answer) - 8) + ip.payload + bpf_htons(IPPROTO_ICMPV6));
	if (resize(ctx, p, sizeof(*answer)) || bpf_xdp_store_bytes(ctx, p->l2, &ethernet, sizeof(ethernet)) ||
	    bpf_xdp_store_bytes(ctx, p->l3, answer, sizeof(*answer))) {
		return DROP(COUNTER_MALFORMED);
	}
	count(COUNTER_ANSWERED);
	return turn_round(ctx, p, sizeof(*answer));
}

/* A frame of a V-Net for all, or ARP, or ND (p->l2, p->l3, p->type, p->vnet, p->vtep). A verdict or DROP. */
__global int gateway_frame(struct xdp_md *ctx, struct packet *p)
{
	if (!p) {
		return DROP(COUNTER_MALFORMED);
	}
	switch (p->type) {
	case ETHERTYPE_ARP:
		return gateway_arp(ctx, p);
	case ETHERTYPE_IPV6:
		return gateway_nd(ctx, p);
	default:
		return DROP(COUNTER_NOT_FOR_US);
	}
}

/* ---- packets to a gateway --------------------------------------------------------------------------------------------------------------- */

/* An IP packet to a gateway's own address. 0: answered in place, p->to, p->out_realm and PACKET_OWN are set, to be delivered; or DROP. */
__global int gateway_packet(struct xdp_md *ctx, struct packet *p)
{
	struct address own;
	__u64 change = 0;
	__be16 was, is;
	__u16 check;
	long failed;

	if (!p) {
		return DROP(COUNTER_MALFORMED);
	}
	if (!is_icmp(p->t.protocol) || p->flags & (PACKET_FIRST_FRAGMENT | PACKET_LATER_FRAGMENT) ||
	    p->t.icmp_type != (p->t.family == 4 ? ICMP4_ECHO : ICMP6_ECHO) || p->t.icmp_code) {
		return DROP(COUNTER_UNSUPPORTED);
	}
	own = p->t.destination;
	if (p->t.family == 4) {
		struct ipv4 ip;

		if (bpf_xdp_load_bytes(ctx, p->l3, &ip, sizeof(ip)) || ip.version_length != 0x45) {
			return DROP(COUNTER_UNSUPPORTED); /* no options: a source route would be ours to follow */
		}
		ip.destination = ip.source;
		ip.source = own.words[3];
		ip.ttl = DEFAULT_TTL;
		ip.checksum = 0;
		ip.checksum = ~checksum_fold(sum_of(0, &ip, sizeof(ip)));
		was = bpf_htons(ICMP4_ECHO << 8);
		is = bpf_htons(ICMP4_ECHO_REPLY << 8);
		failed = bpf_xdp_store_bytes(ctx, p->l3, &ip, sizeof(ip));
	} else {
		__u8 hops = DEFAULT_TTL;

		was = bpf_htons(ICMP6_ECHO << 8);
		is = bpf_htons(ICMP6_ECHO_REPLY << 8);
		failed = bpf_xdp_store_bytes(ctx, p->l3 + 7, &hops, 1);
		failed |= bpf_xdp_store_bytes(ctx, p->l3 + 8, &own, 16);
		failed |= bpf_xdp_store_bytes(ctx, p->l3 + 24, &p->t.source, 16);
	}
	change = sum_change(0, &was, &is, 2);
	failed |= bpf_xdp_store_bytes(ctx, p->l4, &is, 2);
	failed |= bpf_xdp_load_bytes(ctx, p->l4 + 2, &check, 2);
	check = checksum_after(check, change);
	failed |= bpf_xdp_store_bytes(ctx, p->l4 + 2, &check, 2);
	if (failed) {
		return DROP(COUNTER_MALFORMED);
	}
	p->t.destination = p->t.source;
	p->t.source = own;
	p->t.icmp_type = p->t.family == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	p->flags |= PACKET_OWN;
	p->ttl = DEFAULT_TTL;
	p->to = p->t.destination;
	p->out_realm = p->realm;
	count(COUNTER_ANSWERED);
	return 0;
}

/* Tells the agent that an address of a V-Net (0: of the public side) has to be resolved. DROP(COUNTER_UNRESOLVED). */
__global int gateway_resolve(struct packet *p, __u32 vnet, struct address *address)
{
	struct resolve_event *event;

	if (!p || !address) {
		return DROP(COUNTER_UNRESOLVED);
	}
	if (!is_news(vnet, address, p->second) || !within(BOUND_RESOLVE, vnet, p->second, RESOLVE_PER_SECOND)) {
		return DROP(COUNTER_UNRESOLVED);
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNTER_EVENTS_LOST);
		return DROP(COUNTER_UNRESOLVED);
	}
	event->header.kind = EVENT_RESOLVE;
	event->header.vnet = vnet;
	event->header.time = bpf_ktime_get_ns();
	event->address = *address;
	bpf_ringbuf_submit(event, 0);
	return DROP(COUNTER_UNRESOLVED);
}
