/*
 * Every type of message that the generic platform knows, one row, aliases included.
 */
#include "platform/generic/generic_internal.h"

#define ERASE "an account that was closed is not forgotten: send person.erased for that"

static const struct generic_type types[] = {
	{ "product.upserted", generic_map_product, NULL },
	{ "product.created", generic_map_product, NULL },
	{ "product.updated", generic_map_product, NULL },
	{ "product.deleted", generic_map_product_deleted, NULL },
	{ "variant.upserted", generic_map_variant, NULL },
	{ "variant.created", generic_map_variant, NULL },
	{ "variant.updated", generic_map_variant, NULL },
	{ "variant.deleted", generic_map_variant_deleted, NULL },
	{ "category.upserted", generic_map_category, NULL },
	{ "category.created", generic_map_category, NULL },
	{ "category.updated", generic_map_category, NULL },
	{ "category.deleted", generic_map_category_deleted, NULL },
	{ "category.product_linked", generic_map_link, NULL },
	{ "category.product_unlinked", generic_map_unlink, NULL },
	{ "price.changed", generic_map_price, NULL },
	{ "stock.changed", generic_map_stock, NULL },
	{ "order.placed", generic_map_order, NULL },
	{ "order.created", generic_map_order, NULL },
	{ "order.updated", generic_map_order, NULL },
	{ "order.paid", generic_map_order, NULL },
	{ "order.partially_paid", generic_map_order, NULL },
	{ "order.fulfilled", generic_map_order, NULL },
	{ "order.partially_fulfilled", generic_map_order, NULL },
	{ "order.cancelled", generic_map_order, NULL },
	{ "order.canceled", generic_map_order, NULL },
	{ "order.refunded", generic_map_order, NULL },
	{ "order.partially_refunded", generic_map_order, NULL },
	{ "customer.upserted", generic_map_customer, NULL },
	{ "customer.created", generic_map_customer, NULL },
	{ "customer.updated", generic_map_customer, NULL },
	{ "customer.deleted", NULL, ERASE },
	{ "person.erased", generic_map_erased, NULL },
	{ "consent.changed", generic_map_consent, NULL },
	{ "storefront.product_viewed", generic_map_storefront, NULL },
	{ "storefront.cart_changed", generic_map_storefront, NULL },
	{ "storefront.checkout_started", generic_map_storefront, NULL },
	{ "storefront.active", generic_map_storefront, NULL },
	{ "storefront.category_viewed", generic_map_storefront, NULL },
	{ "storefront.searched", generic_map_storefront, NULL },
	{ "storefront.identified", generic_map_storefront, NULL },
	{ "shop.updated", generic_map_shop, NULL },
	{ "source.", NULL, "says nothing of the catalog; kept" },
};

static bool matches(struct str row, struct str name)
{
	return str_ends(row, STR(".")) ? str_starts(name, row) : str_eq(name, row);
}

const struct generic_type *generic_type_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (matches(str_from(types[i].name), name))
			return &types[i];
	return NULL;
}

/* Without ".v1" at its end. */
static struct str without_version(struct str type)
{
	size_t at = type.len;

	while (at > 0 && type.p[at - 1] >= '0' && type.p[at - 1] <= '9')
		at--;
	if (at == type.len || at < 2 || type.p[at - 1] != 'v' || type.p[at - 2] != '.')
		return type;
	return str_of(type.p, at - 2);
}

struct str generic_type_inner(struct str type)
{
	struct str inner = without_version(type);
	size_t dots = 0, at = inner.len;

	/* Ours are of two words. */
	while (at > 0 && (inner.p[at - 1] != '.' || ++dots < 2))
		at--;
	inner = str_skip(inner, at);
	return generic_type_find(inner) ? inner : type;
}
