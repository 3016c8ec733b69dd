/*
 * Which market's prices, language and addresses are shown.
 *
 * The product lists its markets; a market's own message may know more of it (and later) than the product
 * does.
 * Pure.
 */
#include "catalog/merge_internal.h"

static struct str row_text(const struct json *row, const char *name)
{
	return str_trim(json_get_text(row, name));
}

static bool names_row(const struct json *row, struct str text)
{
	return text.len > 0 &&
	       (str_eq_nocase(row_text(row, "slug"), text) || str_eq_nocase(row_text(row, "country"), text) ||
		str_eq_nocase(row_text(row, "id"), text));
}

static const struct merge_fact *market_base(const struct merge *merge, struct str id)
{
	return id.len > 0 ? merge_part(merge, ENTITY_MARKET, id, "base") : NULL;
}

bool merge_market_is_active(const struct merge *merge, const struct merge_fact *base, const struct json *row)
{
	struct str id = row_text(row, "id");
	const struct merge_fact *own = market_base(merge, id);

	if (id.len > 0 && merge_is_deleted(merge, ENTITY_MARKET, id))
		return false;
	if (own && json_get(own->body, "active") && merge_later(own, base))
		return json_get_bool(own->body, "active", true);
	return json_get_bool(row, "active", true);
}

/* What the product says of it, else what the market itself says. */
static struct str market_text(const struct merge *merge, const struct json *row, const struct merge_fact *own,
			      const char *name, const char *own_name)
{
	struct str text = row_text(row, name);

	if (text.len == 0 && own)
		text = row_text(own->body, own_name);
	return merge_keep(merge, text);
}

static void take_market(struct merge *merge, const struct json *row)
{
	const struct merge_fact *own = market_base(merge, row_text(row, "id"));
	struct merge_market *market = &merge->market;

	market->known = true;
	market->id = merge_keep(merge, row_text(row, "id"));
	market->slug = market_text(merge, row, own, "slug", "slug");
	market->country = market_text(merge, row, own, "country", "country");
	market->locale = market_text(merge, row, own, "locale", "locale");
	market->currency = market_text(merge, row, own, "currency", "currency");
	if (market->country.len == 0 && own && json_len(json_get(own->body, "countries")) == 1)
		market->country = merge_keep(merge, json_text(json_at(json_get(own->body, "countries"), 0)));
}

static bool lists_text(const struct json *list, struct str text)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (text.len > 0 && str_eq_nocase(json_text(json_at(list, i)), text))
			return true;
	return false;
}

/* A market that the setting names and that is known only by its own message. */
static const struct merge_fact *find_own(const struct merge *merge, struct str wish)
{
	for (size_t i = 0; i < merge->n_fact; i++) {
		const struct merge_fact *fact = &merge->fact[i];

		if (fact->row->entity.kind != ENTITY_MARKET || !fact->body ||
		    !str_eq(fact->row->part, STR("base")))
			continue;
		if (str_eq_nocase(fact->row->entity.id, wish) ||
		    str_eq_nocase(row_text(fact->body, "slug"), wish) ||
		    lists_text(json_get(fact->body, "countries"), wish))
			return fact;
	}
	return NULL;
}

static void take_own(struct merge *merge, const struct merge_fact *own, struct str wish)
{
	merge->market = (struct merge_market){
		.known = true,
		.id = merge_keep(merge, own->row->entity.id),
		.slug = merge_keep(merge, row_text(own->body, "slug")),
		.country = lists_text(json_get(own->body, "countries"), wish) ? wish : (struct str){ 0 },
		.locale = merge_keep(merge, row_text(own->body, "locale")),
		.currency = merge_keep(merge, row_text(own->body, "currency")),
	};
}

void merge_market_choose(struct merge *merge, const struct merge_fact *base)
{
	struct str wish = merge->rules->market;
	const struct json *rows = base ? json_get(base->body, "markets") : NULL;
	const struct merge_fact *own;

	for (size_t i = 0; i < json_len(rows); i++) {
		const struct json *row = json_at(rows, i);

		if (wish.len > 0 ? names_row(row, wish) : merge_market_is_active(merge, base, row)) {
			take_market(merge, row);
			return;
		}
	}
	if (wish.len == 0)
		return;
	if (json_len(rows) > 0)
		merge_note(merge, "not in market \"%.*s\"", STR_ARG(wish));
	own = find_own(merge, wish);
	if (own)
		take_own(merge, own, wish);
	else
		merge->market = (struct merge_market){ .known = true, .slug = wish, .country = wish };
}

bool merge_market_is(const struct merge_market *market, struct str text)
{
	return text.len > 0 && (str_eq_nocase(market->id, text) || str_eq_nocase(market->slug, text) ||
				str_eq_nocase(market->country, text));
}
