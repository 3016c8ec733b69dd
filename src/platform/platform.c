/*
 * The platforms there are: one row each. A new one is a folder, an extern in platform.h and a row here.
 */
#include "platform/platform.h"

static const struct platform_ops *const platforms[] = {
	&platform_enad_ops,
	&platform_generic_ops,
	&platform_opencart_ops,
	NULL,
};

const struct platform_ops *platform_find(struct str name)
{
	for (size_t i = 0; platforms[i]; i++)
		if (str_eq(name, str_from(platforms[i]->name)))
			return platforms[i];
	return NULL;
}

const struct platform_ops *const *platform_all(void)
{
	return platforms;
}

struct status_meaning platform_status_means(const struct platform_ops *ops, const struct json *status,
					    struct str order_states)
{
	return (ops->status_means ? ops->status_means : platform_generic_ops.status_means)(status,
											   order_states);
}

const char *platform_order_states(const struct platform_ops *ops)
{
	return ops->order_states ? ops->order_states : platform_generic_ops.order_states;
}

const struct platform_pull *platform_pull_of(const struct platform_ops *ops)
{
	return ops->pull ? ops->pull : platform_generic_ops.pull;
}
