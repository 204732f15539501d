/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What gateways say and hear themselves: ARP, ND, echo; hosts that are to be resolved. */
#pragma once

#include "packet.h"

/* A frame of a V-Net for all, or ARP, or ND (p->l2, p->l3, p->type, p->vnet, p->vtep). A verdict or DROP. */
__global int gateway_frame(struct xdp_md *ctx, struct packet *p)
{
	return DROP(COUNTER_NOT_FOR_US);
}

/* An IP packet to a gateway's own address. 0: answered in place, p->to, p->out_realm and PACKET_OWN are set, to be delivered; or DROP. */
__global int gateway_packet(struct xdp_md *ctx, struct packet *p)
{
	return DROP(COUNTER_UNSUPPORTED);
}

/* Tells the agent that an address of a V-Net (0: of the public side) has to be resolved. DROP(COUNTER_UNRESOLVED). */
__global int gateway_resolve(struct packet *p, __u32 vnet, struct address *address)
{
	return DROP(COUNTER_UNRESOLVED);
}
