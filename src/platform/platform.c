/*
 * The platforms there are: one row each. A new one is a folder, an extern in platform.h and a row here.
 */
#include "platform/platform.h"

static const struct platform_ops *const platforms[] = {
	&platform_enad_ops,
	&platform_generic_ops,
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
