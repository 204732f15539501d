// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* The object file: all programs, with every feature compiled in. */
#include "packet.h"
#include "acl.h"
#include "balancer.h"
#include "fragment.h"
#include "gateway.h"
#include "icmp.h"
#include "meter.h"

__global int session_find(struct tuple *t, __u32 realm, struct session6 *becomes)
{
	return -1;
}

__global int deliver(struct xdp_md *ctx, struct packet *p)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int fabric_xdp(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct packet *p = bpf_map_lookup_elem(&packets, &zero);
	int r = 0;

	if (!p || header(ctx, p->l3, 20) == NULL) {
		return XDP_PASS;
	}
	r |= acl_judge(&p->t, 1);
	r |= balancer_choose(&p->t, 1);
	r |= fragment_first(p);
	r |= fragment_later(p);
	r |= meter_allows(1, 1, p->now);
	r |= gateway_frame(ctx, p);
	r |= gateway_packet(ctx, p);
	r |= gateway_resolve(p, 1, &p->to);
	r |= icmp_translate(ctx, p);
	r |= icmp_answer(ctx, p, COUNTER_TTL_EXCEEDED);
	return r == 12345 ? deliver(ctx, p) : XDP_PASS;
}

/* Some kernel helpers are for programs that may be had under the GPL; these files may (see README). */
char fabric_license[] SEC("license") = "GPL";
