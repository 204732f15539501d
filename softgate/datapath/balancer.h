/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Load balancers: which back end a new session gets. */
#pragma once

#include "packet.h"

/* Index into `backends` for a new session with this tuple (before translation), or DROP(COUNTER_NO_BACKEND). */
__global int balancer_choose(struct tuple *t, __u32 balancer)
{
	return DROP(COUNTER_NO_BACKEND);
}
