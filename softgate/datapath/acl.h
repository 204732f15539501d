/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Access lists. */
#pragma once

#include "packet.h"

/* Judges a tuple by a version of a list. 0: may pass; DROP(COUNTER_DENIED): may not. */
__global int acl_judge(struct tuple *t, __u32 version)
{
	return 0;
}
