/*
 * Which settings stand together on the screen. What is in no row stands in the last one, so that a new setting is never
 * missing.
 */
export const GROUPS = [
	["sent", ["metrics", "store_metrics", "flow_windows", "send_profiles", "send_consent", "unpublished", "hold_without_price"]],
	["catalog", ["catalog_source", "market", "store_group", "language", "url_template", "category_name", "price_source", "price_divisor", "stock_unknown", "id_prefix"]],
	["orders", ["order_states", "order_identifier", "cancelled_spelling", "product_wait_ms"]],
	["people", ["list", "consent_source", "profile_include", "profile_exclude", "profile_rename", "profile_set", "profile_external_id",
		"optout_poll_s", "optout_webhook", "optout_webhook_secret"]],
	["browser", ["storefront_mode", "storefront_origins", "storefront_consent", "storefront_key", "storefront_url", "public_key",
		"cart_url_template", "cart_link_hours"]],
	["pull", ["pull_url", "pull_customers_url", "pull_subscribers_url", "pull_categories_url", "pull_products_url",
		"pull_variants_url", "pull_orders_url", "pull_items", "pull_paging", "pull_page_size", "pull_first_page",
		"pull_next", "pull_last_page", "pull_total", "pull_time", "pull_header", "pull_token_url", "pull_client_id",
		"pull_client_secret", "pull_client_auth", "pull_scope", "pull_refresh_token", "pull_code", "pull_redirect_url", "pull_map_customers",
		"pull_map_subscribers", "pull_map_categories", "pull_map_products", "pull_map_variants", "pull_map_orders",
		"pull_pages_per_minute"]],
	["pace", ["quota_percent", "retry_preset", "schedules", "store_schedules", "reconcile_fix", "quiet_ms", "quiet_max_ms", "tombstone_hours"]],
	["technical", []]
];

/* [[group, rows]...] of those rows of the table that are here */
export function grouped(rows) {
	const named = new Set(GROUPS.flatMap(([, keys]) => keys));

	return GROUPS.map(([group, keys]) => [group, group === "technical" ? rows.filter((row) => !named.has(row.key)) :
		keys.map((key) => rows.find((row) => row.key === key)).filter(Boolean)]).filter(([, list]) => list.length > 0);
}

/* Groups that few need: shut until something in them is set, changed, wrong or looked for. */
export const FOLDED = new Set(["pull", "technical"]);
