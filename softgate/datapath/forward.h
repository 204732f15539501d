/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The way out: where to, rewritten how, in which headers. */
#pragma once

#include "checksum.h"
#include "packet.h"
#include "remember.h"
#include "route.h"
#include "session.h"

#define VXLAN_HEADERS4 (sizeof(struct ethernet) + sizeof(struct ipv4) + sizeof(struct udp) + sizeof(struct vxlan))
#define VXLAN_HEADERS6 (sizeof(struct ethernet) + sizeof(struct ipv6) + sizeof(struct udp) + sizeof(struct vxlan))
#define VXLAN_OVERHEAD4 (VXLAN_HEADERS4) /* outer IP, UDP, VXLAN and the inner Ethernet header: as many octets */
#define VXLAN_OVERHEAD6 (VXLAN_HEADERS6)
#define OUTER_TTL 64

/* The way that a packet takes. */
struct way {
	struct route *route;
	struct hop *hop;
	struct vnet *vnet; /* NULL: plain */
	struct adjacency *link;
};

/* A V-Net by index, or NULL; index 0 is none. */
static __always_inline struct vnet *vnet_at(__u32 index)
{
	return index ? bpf_map_lookup_elem(&vnets, &index) : NULL;
}

/* Finds the way to p->to in p->out_realm, which is `vpc`. 0 or DROP; p->mtu is the largest IP packet on that way. */
static __always_inline int find_way(struct xdp_md *ctx, struct packet *p, const struct vpc *vpc, struct way *way)
{
	struct address name = route_name(p, vpc);
	struct remembered_route *cell = route_cell(p->out_realm, &name);
	struct route *route;
	__u32 index, mtu;

	if (cell && is_route(cell, p->out_realm, &name, p->generation)) {
		route = &cell->route;
	} else {
		int r = route_ask(p);

		if (r) {
			return r;
		}
		route = &p->route;
		if (cell) {
			remember_route(cell, p->out_realm, &name, route, p->generation);
		}
	}
	if (route->flags & (ROUTE_REJECT | ROUTE_PUBLIC | ROUTE_INTO_VPC | ROUTE_CONNECTED)) {
		if (route->flags & ROUTE_CONNECTED) {
			/* Of another V-Net of the VPC. */
			if (gateway_at(route->vnet, &p->to) && same_address(&p->to, &p->t.destination) && !(p->flags & PACKET_OWN)) {
				return FOR_GATEWAY;
			}
			gateway_resolve(p, route->vnet, &p->to);
			return DROP(COUNTER_UNRESOLVED);
		}
		return DROP(COUNTER_NO_ROUTE);
	}
	way->route = route;
	way->vnet = vnet_at(route->vnet);
	if (way->vnet && (way->vnet->flags & VNET_BLOCKED)) {
		return DROP(COUNTER_BLOCKED);
	}
	index = route->hop;
	way->hop = bpf_map_lookup_elem(&hops, &index);
	if (!way->hop) {
		return DROP(COUNTER_NO_ROUTE);
	}

	index = index * FABRIC_PATHS_PER_HOP + (p->hash & (FABRIC_PATHS_PER_HOP - 1));
	way->link = NULL;
	if (way->hop->kind != HOP_LINK) {
		way->link = bpf_map_lookup_elem(&adjacencies, &index);
	} else {
		index = FABRIC_LINK_ADJACENCY;
	}
	if (!way->link || way->link->expires < p->now) {
		p->route.hop = route->hop;
		p->adjacency = index;
		adjacency_ask(ctx, p);
		way->link = &p->link;
	}
	if (way->link->ifindex == 0) {
		if (way->hop->kind == HOP_LINK) {
			gateway_resolve(p, 0, &p->to);
		}
		return DROP(COUNTER_NO_ADJACENCY);
	}

	mtu = way->link->mtu ? way->link->mtu : 0xffff;
	if (way->hop->kind == HOP_VTEP) {
		if (!way->vnet) {
			return DROP(COUNTER_NO_ROUTE);
		}
		mtu -= is_mapped(&way->hop->address) ? VXLAN_OVERHEAD4 : VXLAN_OVERHEAD6;
	}
	if (way->vnet && way->vnet->mtu && way->vnet->mtu < mtu) {
		mtu = way->vnet->mtu;
	}
	p->mtu = mtu;
	if (p->t.octets > mtu) {
		return DROP(COUNTER_TOO_BIG);
	}
	if (p->ttl <= 1 && !(p->flags & PACKET_OWN)) {
		return DROP(COUNTER_TTL_EXCEEDED);
	}
	return 0;
}

static __always_inline void copy_mac(__u8 *to, const __u8 *from)
{
	((__u16 *)to)[0] = ((const __u16 *)from)[0];
	((__u16 *)to)[1] = ((const __u16 *)from)[1];
	((__u16 *)to)[2] = ((const __u16 *)from)[2];
}

static __always_inline void write_outer4(struct ipv4 *ip, struct packet *p, const struct address *source, const struct address *destination)
{
	__u32 *word = (__u32 *)ip;

	ip->version_length = 0x45;
	ip->tos = p->tos;
	ip->total = bpf_htons(p->t.octets + VXLAN_OVERHEAD4);
	ip->id = 0;
	ip->fragment = IPV4_DONT_FRAGMENT;
	ip->ttl = OUTER_TTL;
	ip->protocol = IPPROTO_UDP;
	ip->checksum = 0;
	ip->source = source->words[3];
	ip->destination = destination->words[3];
	ip->checksum = ~checksum_fold((__u64)word[0] + word[1] + word[2] + word[3] + word[4]);
}

static __always_inline void write_outer6(struct ipv6 *ip, struct packet *p, const struct address *source, const struct address *destination)
{
	ip->version_class_label = bpf_htonl(0x60000000 | (__u32)p->tos << 20 | (p->hash & 0xfffff));
	ip->payload = bpf_htons(p->t.octets + VXLAN_OVERHEAD6 - sizeof(*ip));
	ip->next = IPPROTO_UDP;
	ip->hops = OUTER_TTL;
	ip->source = *source;
	ip->destination = *destination;
}

/* Puts the headers of the way in front of the IP packet and sends it. The verdict. */
static __always_inline int emit(struct xdp_md *ctx, struct packet *p, struct way *way)
{
	__u32 six = 0, size, kind = way->hop->kind, vlan = way->hop->vlan, source;
	struct address *outer_source = NULL;
	struct vpc_counters *counters_now;
	struct ethernet *ethernet;
	struct adjacency *link = way->link;
	__be16 type = p->t.family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	int delta;

	if (kind == HOP_VTEP) {
		six = !is_mapped(&way->hop->address);
		size = (six ? VXLAN_HEADERS6 : VXLAN_HEADERS4) + sizeof(struct ethernet);
		if (!way->vnet) {
			return DROP(COUNTER_NO_ROUTE);
		}
		source = way->vnet->source;
		outer_source = bpf_map_lookup_elem(&vteps, &source);
		if (!outer_source) {
			return DROP(COUNTER_NO_ROUTE);
		}
	} else {
		size = vlan ? sizeof(struct ethernet) + sizeof(struct vlan_tag) : sizeof(struct ethernet);
	}
	delta = (int)p->l3 - (int)size;
	if (delta && bpf_xdp_adjust_head(ctx, delta) != 0) {
		return DROP(COUNTER_UNSUPPORTED);
	}
	ethernet = header(ctx, 0, sizeof(*ethernet));
	if (!ethernet) {
		return DROP(COUNTER_MALFORMED);
	}
	copy_mac(ethernet->destination, link->destination);
	copy_mac(ethernet->source, link->source);

	if (outer_source && way->vnet) {
		struct vxlan *vxlan;
		struct udp *udp;
		void *start;

		if (six) {
			start = header(ctx, 0, VXLAN_HEADERS6 + sizeof(struct ethernet));
			if (!start) {
				return DROP(COUNTER_MALFORMED);
			}
			ethernet->type = bpf_htons(ETH_P_IPV6);
			write_outer6(start + sizeof(struct ethernet), p, outer_source, &way->hop->address);
			start += sizeof(struct ethernet) + sizeof(struct ipv6);
		} else {
			start = header(ctx, 0, VXLAN_HEADERS4 + sizeof(struct ethernet));
			if (!start) {
				return DROP(COUNTER_MALFORMED);
			}
			ethernet->type = bpf_htons(ETH_P_IP);
			write_outer4(start + sizeof(struct ethernet), p, outer_source, &way->hop->address);
			start += sizeof(struct ethernet) + sizeof(struct ipv4);
		}
		udp = start;
		udp->source = bpf_htons(0xc000 | p->hash >> 18);
		udp->destination = p->vxlan_port;
		udp->length = bpf_htons(p->t.octets + sizeof(*udp) + sizeof(*vxlan) + sizeof(*ethernet));
		udp->checksum = 0; /* RFC 7348; with IPv6 as RFC 6935 and 6936 allow for tunnels */
		vxlan = start + sizeof(*udp);
		vxlan->flags = VXLAN_HAS_VNI;
		vxlan->vni = bpf_htonl(way->vnet->vni << 8);
		ethernet = start + sizeof(*udp) + sizeof(*vxlan);
		copy_mac(ethernet->destination, way->route->mac);
		copy_mac(ethernet->source, way->vnet->mac);
		ethernet->type = type;
	} else if (vlan) {
		struct vlan_tag *tag = header(ctx, sizeof(*ethernet), sizeof(*tag));

		if (!tag) {
			return DROP(COUNTER_MALFORMED);
		}
		ethernet->type = bpf_htons(ETH_P_8021Q);
		tag->tag = bpf_htons(vlan);
		tag->type = type;
	} else {
		ethernet->type = type;
	}

	if (p->realm) {
		counters_now = bpf_map_lookup_elem(&vpc_counters, &p->realm);
		if (counters_now) {
			counters_now->packets_out++;
			counters_now->octets_out += p->t.octets;
		}
	}
	if (p->out_realm) {
		counters_now = bpf_map_lookup_elem(&vpc_counters, &p->out_realm);
		if (counters_now) {
			counters_now->packets_in++;
			counters_now->octets_in += p->t.octets;
		}
	}
	count(COUNTER_FORWARDED);
	return bpf_redirect(link->ifindex, 0);
}

/* A walk over the options of a SYN. */
struct options {
	struct xdp_md *ctx;
	__u32 start;  /* of the TCP header */
	__u32 offset; /* of the option */
	__u32 end;
	__u32 most;   /* largest segment */
};

static long clamp_option(__u32 i, struct options *o)
{
	__u8 *option = header(o->ctx, o->offset, 1);
	struct tcp *tcp;

	if (!option || o->offset >= o->end || *option == 0) {
		return 1;
	}
	if (*option == 1) {
		o->offset++;
		return 0;
	}
	option = header(o->ctx, o->offset, 4);
	if (!option || option[1] < 2) {
		return 1;
	}
	if (option[0] == 2 && option[1] == 4 && o->offset + 4 <= o->end) {
		__u32 offered = option[2] << 8 | option[3], most = o->most;

		if (offered > most) {
			/* The value may lie across words of the sum: then its octets count swapped. */
			__u32 odd = (o->offset - o->start) & 1;
			__u16 before = odd ? bpf_htons(offered << 8 | offered >> 8) : bpf_htons(offered);
			__u16 after = odd ? bpf_htons(most << 8 | most >> 8) : bpf_htons(most);

			option[2] = most >> 8;
			option[3] = most;
			tcp = header(o->ctx, o->start, sizeof(*tcp));
			if (tcp) {
				tcp->checksum = checksum_changed(tcp->checksum, (__u32)after + (__u16)~before);
			}
		}
		return 1;
	}
	o->offset += option[1];
	return 0;
}

/* Lowers the segment size that a SYN offers to what fits the way (RFC 4459 section 3.2). */
__global int clamp_mss(struct xdp_md *ctx, struct packet *p, __u32 most)
{
	struct options options = {};
	struct tcp *tcp;

	if (!p) {
		return 0;
	}
	tcp = header(ctx, p->l4, sizeof(*tcp));
	if (!tcp) {
		return 0;
	}
	options.ctx = ctx;
	options.start = p->l4;
	options.offset = p->l4 + sizeof(*tcp);
	options.end = p->l4 + (tcp->length >> 4) * 4;
	options.most = most;
	bpf_loop(40, clamp_option, &options, 0);
	return 0;
}

/* Ports and checksum of layer 4. */
static __always_inline int rewrite_transport(struct xdp_md *ctx, struct packet *p, const struct session *s)
{
	if (p->flags & PACKET_LATER_FRAGMENT) {
		return 0;
	}
	if (p->t.protocol == IPPROTO_TCP) {
		struct tcp *tcp = header(ctx, p->l4, sizeof(*tcp));

		if (!tcp) {
			return DROP(COUNTER_MALFORMED);
		}
		tcp->source = s->source_port;
		tcp->destination = s->destination_port;
		tcp->checksum = checksum_changed(tcp->checksum, s->delta);
	} else if (p->t.protocol == IPPROTO_UDP) {
		struct udp *udp = header(ctx, p->l4, sizeof(*udp));

		if (!udp) {
			return DROP(COUNTER_MALFORMED);
		}
		udp->source = s->source_port;
		udp->destination = s->destination_port;
		if (udp->checksum) {
			__u16 checksum = checksum_changed(udp->checksum, s->delta);

			udp->checksum = checksum ? checksum : 0xffff;
		}
	} else if (is_icmp(p->t.protocol)) {
		struct icmp *icmp = header(ctx, p->l4, sizeof(*icmp));

		if (!icmp) {
			return DROP(COUNTER_MALFORMED);
		}
		icmp->id = s->source_port;
		icmp->checksum = checksum_changed(icmp->checksum, s->delta);
	}
	return 0;
}

/* Addresses, ports and TTL as the session says. */
static __always_inline int rewrite(struct xdp_md *ctx, struct packet *p, struct found found)
{
	const struct session *s = found.entry;

	if (!found.six) {
		const struct session4 *s4 = (const struct session4 *)s;
		struct ipv4 *ip = header(ctx, p->l3, sizeof(*ip));
		__u64 change;

		if (!ip) {
			return DROP(COUNTER_MALFORMED);
		}
		change = (__u64)s4->source + (__u32)~ip->source + s4->destination + (__u32)~ip->destination;
		ip->source = s4->source;
		ip->destination = s4->destination;
		ip->ttl--;
		ip->checksum = checksum_changed(ip->checksum, (__u32)checksum_fold(change) + CHECKSUM_TTL_LESS);
	} else {
		const struct session6 *s6 = (const struct session6 *)s;
		struct ipv6 *ip = header(ctx, p->l3, sizeof(*ip));

		if (!ip) {
			return DROP(COUNTER_MALFORMED);
		}
		ip->hops--;
		if (s->flags & SESSION_TRANSLATED) {
			ip->source = s6->source;
			ip->destination = s6->destination;
		}
	}
	return s->flags & SESSION_TRANSLATED ? rewrite_transport(ctx, p, s) : 0;
}

/* What fits both ways of a SYN: the way out (p->mtu) and the V-Net that it came from. */
static __always_inline void clamp(struct xdp_md *ctx, struct packet *p)
{
	struct vnet *from = vnet_at(p->vnet);
	__u32 mtu = p->mtu, headers = p->t.family == 4 ? sizeof(struct ipv4) + sizeof(struct tcp) : sizeof(struct ipv6) + sizeof(struct tcp);

	if (from && from->mtu && from->mtu < mtu) {
		mtu = from->mtu;
	}
	if (mtu > headers && mtu < 0xffff) {
		clamp_mss(ctx, p, mtu - headers);
	}
}

__global int deliver(struct xdp_md *ctx, struct packet *p)
{
	struct way way = {};
	struct vpc *vpc;
	__u32 realm;
	int r;

	if (!p) {
		return DROP(COUNTER_MALFORMED);
	}
	realm = p->out_realm;
	vpc = bpf_map_lookup_elem(&vpcs, &realm);
	if (!vpc) {
		return DROP(COUNTER_NO_ROUTE);
	}
	r = find_way(ctx, p, vpc, &way);
	if (r) {
		return r;
	}
	if (!(p->flags & PACKET_OWN)) {
		if (p->t.family == 4) {
			struct ipv4 *ip = header(ctx, p->l3, sizeof(*ip));

			if (!ip) {
				return DROP(COUNTER_MALFORMED);
			}
			ip->ttl--;
			ip->checksum = checksum_changed(ip->checksum, CHECKSUM_TTL_LESS);
		} else {
			struct ipv6 *ip = header(ctx, p->l3, sizeof(*ip));

			if (!ip) {
				return DROP(COUNTER_MALFORMED);
			}
			ip->hops--;
		}
		if (p->t.protocol == IPPROTO_TCP && (p->tcp_flags & TCP_SYN)) {
			clamp(ctx, p);
		}
	}
	return emit(ctx, p, &way);
}
