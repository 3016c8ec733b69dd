/*
 * Planning: which deliveries of an order, person or visitor are missing.
 *
 * Pure.
 */
#include "activity/plan.h"

void activity_plan(const struct catalog_root *root, const struct activity_resource *resource, size_t n,
		   struct arena *arena, struct delivery_new **delivery, size_t *n_delivery)
{
	(void)root;
	(void)resource;
	(void)n;
	(void)arena;
	*delivery = NULL;
	*n_delivery = 0;
}
