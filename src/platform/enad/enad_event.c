/*
 * Every event that Enad's documentation names, one row: what it is about and what reads it.
 *
 * Keeps:   rows of one family agree on the order in which ids are looked for, or messages about one thing
 *          would be told apart. Stock is known by the variant's number first, because
 *          variant_stock_delta.updated has no variant id.
 * Source:  docs.enad.io/docs/events. Names are verbatim: tense and plural are Enad's.
 */
#include "platform/enad/enad_internal.h"

#define PRODUCT	      "product_id|id"
#define VARIANT	      "variant_id|product_variant_id|id"
#define STOCK	      "product_variant_number|variant_number|product_variant_id|variant_id"
#define LINK_PRODUCT  "product_id|product_parent_id|product.id"
#define LINK_CATEGORY "category_id|category.id"
#define GROUP	      "store_group_id|store_group_slug"

#define DELETED	      "an account that was closed is not erased in Klaviyo; that is done on request only"
#define ORGANISATIONS "a company is no person; users name theirs"
#define GROUP_MARKETS "prices name their store group and market themselves"

static const struct enad_event events[] = {
	{ "product.created", "product", { PRODUCT }, enad_map_product },
	{ "product.updated", "product", { PRODUCT }, enad_map_product },
	{ "product.deleted", "product", { PRODUCT }, enad_map_product_deleted },
	{ "product_status.changed", "product", { PRODUCT }, enad_map_product_status },
	{ "variant.created", "variant", { VARIANT }, enad_map_variant },
	{ "variant.updated", "variant", { VARIANT }, enad_map_variant },
	{ "variant.deleted", "variant", { VARIANT }, enad_map_variant_deleted },
	{ "product_variant_status.changed", "variant", { VARIANT }, enad_map_variant_status },
	{ "variant_prices.updated", "price", { "variant_id|product_variant_id", GROUP }, enad_map_prices },
	{ "variant_stock.updated", "stock", { STOCK, "inventory_id" }, enad_map_stock },
	{ "variant_stock.deleted", "stock", { STOCK, "inventory_id" }, enad_map_stock_deleted },
	{ "variant_stock_delta.updated", "stock", { STOCK, "inventory_id" }, enad_map_stock },
	{ "category.create", "category", { "category_id|id" }, enad_map_category },
	{ "category.update", "category", { "category_id|id" }, enad_map_category },
	{ "category.deleted", "category", { "category_id|id" }, enad_map_category_deleted },
	{ "category_relationship.created", "link", { LINK_PRODUCT, LINK_CATEGORY }, enad_map_link },
	{ "category_relationship.deleted", "link", { LINK_PRODUCT, LINK_CATEGORY }, enad_map_unlink },
	{ "market.update", "market", { "market_id|id" }, enad_map_market },
	{ "market.deleted", "market", { "market_id|id" }, enad_map_market_deleted },
	{ "store_group.update", "store_group", { "store_group_id|id" }, enad_map_store_group },
	{ "store_group.deleted", "store_group", { "store_group_id|id" }, enad_map_store_group_deleted },
	{ "store_group_market.update", "store_group_market", { GROUP, "country_code" }, NULL, GROUP_MARKETS },
	{ "store_group_market.deleted",
	  "store_group_market",
	  { GROUP, "country_code" },
	  NULL,
	  GROUP_MARKETS },
	{ "tags.updated", "tag", { "tag_id|id" }, enad_map_tag },
	{ "tags.deleted", "tag", { "tag_id|id" }, enad_map_tag_deleted },
	{ "brands.upsert", "brand", { "brand_id|id" }, enad_map_brand },
	{ "brands.delete", "brand", { "brand_id|id" }, enad_map_brand_deleted },
	{ "series.upsert", "series", { "series_id|id" }, enad_map_series },
	{ "series.delete", "series", { "series_id|id" }, enad_map_series_deleted },
	{ "user.create", "user", { "user_id|id" }, enad_map_user },
	{ "user.update", "user", { "user_id|id" }, enad_map_user },
	{ "user.verify_email_success", "user", { "user_id|id" }, enad_map_user },
	{ "user.deleted", "user", { "user_id|id" }, NULL, DELETED },
	{ "organisations.created", "organisation", { "organisation_id|id" }, NULL, ORGANISATIONS },
	{ "organisations.updated", "organisation", { "organisation_id|id" }, NULL, ORGANISATIONS },
	{ "organisations.deleted", "organisation", { "organisation_id|id" }, NULL, ORGANISATIONS },
	{ "organisation_status.changed", "organisation", { "organisation_id|id" }, NULL, ORGANISATIONS },
	/* Lists of several users: nothing single they are about. */
	{ "organisation_users.added", "organisation_users", { NULL }, NULL, ORGANISATIONS },
	{ "organisation_users.deleted", "organisation_users", { NULL }, NULL, ORGANISATIONS },
};

const struct enad_event *enad_event_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (str_eq(name, str_from(events[i].name)))
			return &events[i];
	return NULL;
}
