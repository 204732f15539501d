// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* The object file: all programs, with every feature compiled in. */
#include "packet.h"
#include "acl.h"
#include "balancer.h"
#include "decide.h"
#include "forward.h"
#include "fragment.h"
#include "gateway.h"
#include "icmp.h"
#include "meter.h"
#include "nat.h"
#include "open.h"
#include "parse.h"
#include "remember.h"
#include "route.h"
#include "session.h"
#include "sweep.h"

#define PASS XDP_PASS

/* The outer headers of VXLAN that is for us: p->vnet, p->vtep, p->l2, p->l3 and p->type follow. 0, XDP_PASS or DROP. */
static __always_inline int decapsulate(struct xdp_md *ctx, struct packet *p, __u32 offset)
{
	struct vtep_key key = {};
	struct ethernet *ethernet;
	struct vxlan *vxlan;
	struct udp *udp;
	__u32 vni;
	long vnet;

	if (p->type == ETH_P_IP) {
		struct ipv4 *ip = header(ctx, offset, sizeof(*ip) + sizeof(*udp) + sizeof(*vxlan));

		/* Fragments and options are for the kernel, as all that is no VXLAN. */
		if (!ip || ip->version_length != 0x45 || ip->protocol != IPPROTO_UDP ||
		    (ip->fragment & ~IPV4_DONT_FRAGMENT) != 0) {
			return PASS;
		}
		p->vtep = mapped(ip->source);
		key.address = mapped(ip->destination);
		offset += sizeof(*ip);
	} else {
		struct ipv6 *ip = header(ctx, offset, sizeof(*ip) + sizeof(*udp) + sizeof(*vxlan));

		if (!ip || bpf_ntohl(ip->version_class_label) >> 28 != 6 || ip->next != IPPROTO_UDP) {
			return PASS;
		}
		p->vtep = ip->source;
		key.address = ip->destination;
		offset += sizeof(*ip);
	}
	udp = header(ctx, offset, sizeof(*udp) + sizeof(*vxlan));
	if (!udp || udp->destination != p->vxlan_port) {
		return PASS;
	}
	vxlan = (struct vxlan *)(udp + 1);
	vni = bpf_ntohl(vxlan->vni) >> 8;
	vnet = tunnel_at(&key, vni, p->generation);
	if (vnet == TUNNEL_NOT_OURS) {
		return PASS;
	}
	if (!(vxlan->flags & VXLAN_HAS_VNI)) {
		return DROP(COUNTER_MALFORMED);
	}
	if (vnet == TUNNEL_UNKNOWN) {
		return DROP(COUNTER_UNKNOWN_VNI);
	}
	p->vnet = vnet;
	p->l2 = offset + sizeof(*udp) + sizeof(*vxlan);
	p->l3 = p->l2 + sizeof(*ethernet);
	ethernet = header(ctx, p->l2, sizeof(*ethernet));
	if (!ethernet) {
		return DROP(COUNTER_MALFORMED);
	}
	p->type = bpf_ntohs(ethernet->type);
	return 0;
}

/* A frame of a V-Net at p->l2: whether what it carries at p->l3, of p->type, is for us to route. 0, a verdict or DROP. */
static __always_inline int enter_vnet(struct xdp_md *ctx, struct packet *p)
{
	struct vnet *vnet = vnet_at(p->vnet);
	struct ethernet *ethernet = header(ctx, p->l2, sizeof(*ethernet));
	const __u16 *mine, *its;

	if (!vnet || !ethernet) {
		return DROP(COUNTER_MALFORMED);
	}
	p->realm = vnet->vpc;
	if (vnet->flags & VNET_BLOCKED) {
		return DROP(COUNTER_BLOCKED);
	}
	mine = (const __u16 *)vnet->mac;
	its = (const __u16 *)ethernet->destination;
	if (mine[0] == its[0] && mine[1] == its[1] && mine[2] == its[2]) {
		if (p->type == ETH_P_IP || p->type == ETH_P_IPV6) {
			return 0;
		}
	} else if (!(ethernet->destination[0] & 1)) {
		return DROP(COUNTER_NOT_FOR_US);
	}
	return gateway_frame(ctx, p);
}

/* Reads the packet up to its ports. 0, a verdict or DROP. */
static __always_inline int receive(struct xdp_md *ctx, struct packet *p)
{
	struct port_key key = {};
	struct settings *settings = settings_now();
	struct ethernet *ethernet = header(ctx, 0, sizeof(*ethernet));
	struct port *port;
	__u32 offset = sizeof(*ethernet);
	int r;

	if (!ethernet || !settings) {
		return PASS;
	}
	p->type = bpf_ntohs(ethernet->type);
	key.ifindex = ctx->ingress_ifindex;
	if (p->type == ETH_P_8021Q) {
		struct vlan_tag *tag = header(ctx, sizeof(*ethernet), sizeof(*tag));

		if (!tag) {
			return PASS;
		}
		key.vlan = bpf_ntohs(tag->tag) & 0xfff;
		p->type = bpf_ntohs(tag->type);
		offset += sizeof(*tag);
	}
	p->generation = generation_now();
	port = port_at(&key, p->generation);
	if (!port || port->role == PORT_NONE) {
		return PASS;
	}
	set_time(p);
	p->role = port->role;
	p->flags = 0;
	p->vnet = 0;
	p->realm = FABRIC_PUBLIC_REALM;
	p->vxlan_port = bpf_htons(settings->vxlan_port);

	if (port->role == PORT_VNET) {
		p->vnet = port->vnet;
		p->l2 = 0;
		p->l3 = offset;
		p->vtep.halves[0] = 0;
		p->vtep.halves[1] = 0;
		r = enter_vnet(ctx, p);
		if (r) {
			return r;
		}
	} else {
		if (p->type != ETH_P_IP && p->type != ETH_P_IPV6) {
			return PASS;
		}
		if (ethernet->destination[0] & 1) {
			return PASS;
		}
		if (port->role == PORT_UNDERLAY) {
			r = decapsulate(ctx, p, offset);
			if (r) {
				return r;
			}
			r = enter_vnet(ctx, p);
			if (r) {
				return r;
			}
		} else {
			const __u16 *mine = (const __u16 *)port->mac, *its = (const __u16 *)ethernet->destination;

			if ((mine[0] | mine[1] | mine[2]) && (mine[0] != its[0] || mine[1] != its[1] || mine[2] != its[2])) {
				return DROP(COUNTER_NOT_FOR_US);
			}
			p->l2 = 0;
			p->l3 = offset;
		}
	}

	r = parse(ctx, p);
	if (p->flags & PACKET_NEIGHBOR) {
		return p->vnet ? gateway_frame(ctx, p) : PASS;
	}
	if (r) {
		/* Own addresses of the node are the kernel's. */
		return r == DROP(COUNTER_UNSUPPORTED) && !p->vnet ? PASS : r;
	}
	if (p->flags & (PACKET_FIRST_FRAGMENT | PACKET_LATER_FRAGMENT)) {
		return p->flags & PACKET_FIRST_FRAGMENT ? fragment_first(p) : fragment_later(p);
	}
	return 0;
}

/* A packet whose session there is. A verdict or DROP. */
static __always_inline int forward(struct xdp_md *ctx, struct packet *p, struct found found)
{
	struct session *s = found.entry;
	__u32 realm = p->realm, out = s->realm;
	struct vpc *from, *to;
	struct way way = {};
	int r;

	from = bpf_map_lookup_elem(&vpcs, &realm);
	to = bpf_map_lookup_elem(&vpcs, &out);
	if (!from || !to) {
		return DROP(COUNTER_NO_ROUTE);
	}
	if (s->policy != from->policy + to->policy) {
		r = judge_again(p);
		if (r) {
			return r;
		}
	}
	if (p->t.protocol == IPPROTO_TCP && !(p->flags & PACKET_LATER_FRAGMENT) &&
	    ((p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) || !(s->flags & SESSION_ESTABLISHED))) {
		session_track(p);
	}
	if (s->seen != p->second) {
		s->seen = p->second;
	}

	p->out_realm = out;
	if (!found.six) {
		p->to = mapped(((struct session4 *)s)->destination);
	} else {
		p->to = ((struct session6 *)s)->destination;
	}
	r = find_way(ctx, p, to, &way);
	if (r) {
		return r;
	}
	if (from->meter | to->meter | s->meter) {
		__u32 octets = p->t.octets;

		r = from->meter ? meter_allows(from->meter, octets, p->now) : 0;
		if (!r && to->meter && out != realm) {
			r = meter_allows(to->meter, octets, p->now);
		}
		if (!r && s->meter) {
			r = meter_allows(s->meter, octets, p->now);
		}
		if (r) {
			return r;
		}
	}
	r = rewrite(ctx, p, found);
	if (r) {
		return r;
	}
	if (p->t.protocol == IPPROTO_TCP && (p->tcp_flags & TCP_SYN)) {
		clamp(ctx, p);
	}
	return emit(ctx, p, &way);
}

/* All of it. A verdict or DROP. */
static __always_inline int process(struct xdp_md *ctx, struct packet *p)
{
	struct found s;
	int r = receive(ctx, p);

	if (r) {
		return r;
	}
	p->hash = flow_hash(&p->t);
	if (p->flags & PACKET_ICMP_ERROR) {
		r = icmp_translate(ctx, p);
		if (r == DROP(COUNTER_NO_SESSION)) {
			if (!p->vnet) {
				return PASS;
			}
			/* About a flow that needs none: passes as it is. */
			r = open_session(p);
			r = r == OPEN_WITHOUT_SESSION ? 0 : r < 0 ? r : DROP(COUNTER_NO_SESSION);
		}
		return r ? r : deliver(ctx, p);
	}
	s = session_look(&p->t, p->realm);
	if (!s.entry) {
		if (gateway_at(p->vnet, &p->t.destination)) {
			return FOR_GATEWAY;
		}
		r = open_session(p);
		if (r == OPEN_WITHOUT_SESSION) {
			return deliver(ctx, p);
		}
		if (r == DECIDE_NOT_OURS) {
			return p->vnet ? DROP(COUNTER_NO_ROUTE) : PASS;
		}
		if (r) {
			return r;
		}
		s = session_look(&p->t, p->realm);
		if (!s.entry) {
			return DROP(COUNTER_NO_SESSION);
		}
	}
	return forward(ctx, p, s);
}

SEC("xdp.frags")
int fabric_xdp(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct packet *p = bpf_map_lookup_elem(&packets, &zero);
	int r;

	if (!p) {
		return XDP_ABORTED;
	}
	r = process(ctx, p);
	if (r == FOR_GATEWAY) {
		r = gateway_packet(ctx, p);
		r = r ? r : deliver(ctx, p);
	} else if (r == DROP(COUNTER_TTL_EXCEEDED) || r == DROP(COUNTER_TOO_BIG) || r == DROP(COUNTER_NO_ROUTE)) {
		count(-r);
		r = icmp_answer(ctx, p, -r);
		if (r == 0) {
			r = deliver(ctx, p);
		} else {
			return XDP_DROP;
		}
	}
	if (r < 0) {
		count(-r);
		return XDP_DROP;
	}
	if (r == XDP_PASS) {
		count(COUNTER_PASSED_TO_KERNEL);
	}
	return r;
}

/* Some kernel helpers are for programs that may be had under the GPL; these files may (see README). */
char fabric_license[] SEC("license") = "GPL";
