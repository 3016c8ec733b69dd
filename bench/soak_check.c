/*
 * What Klaviyo's stand-in holds after the soak, compared with what the shop was told is safe.
 */
#include "soak.h"

#include "base/clock.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_PER_PAGE "20000"

static struct db *open_db(const struct bench_shop *shop)
{
	struct db_config config = { .location = shop->data,
				    .owner_epoch = 1,
				    .now_ms = clock_wall_ms(clock_system()) };
	struct db *db = NULL;
	struct err err;

	if (!db_open(&db_sqlite_ops, &config, &db, &err))
		bench_die("%s", err.msg);
	return db;
}

static void look_at_books(const struct bench_shop *shop, char *books, size_t size)
{
	struct conservation found = { 0 };
	struct db *db = open_db(shop);
	struct arena arena;
	struct err err;

	arena_init(&arena);
	if (!db_conserve(db, &arena, &found, &err))
		bench_die("%s", err.msg);
	(void)snprintf(books, size, "%.*s", STR_ARG(found.error));
	arena_release(&arena);
	db_close(db);
}

void soak_check_books(const struct bench_shop *shop)
{
	char books[256];

	look_at_books(shop, books, sizeof(books));
	if (books[0])
		bench_die("the books do not balance: %s", books);
}

static struct summary summarize(const struct bench_shop *shop, struct arena *arena)
{
	struct summary summary = { 0 };
	struct db *db = open_db(shop);
	struct err err;

	if (!db_summary(db, clock_wall_ms(clock_system()), arena, &summary, &err))
		bench_die("%s", err.msg);
	db_close(db);
	return summary;
}

bool soak_drained(const struct bench_shop *shop)
{
	struct arena arena;
	struct summary summary;
	bool drained;

	arena_init(&arena);
	summary = summarize(shop, &arena);
	drained = summary.idle;
	for (size_t i = 0; i < summary.n_account; i++)
		drained = drained && summary.account[i].waiting == 0;
	arena_release(&arena);
	return drained;
}

/* ---- events ---- */

/* How often each event of each order is there: order * SOAK_EVENTS, 0 = placed, then its lines. */
static size_t event_index(const struct json *event)
{
	struct str rest = json_get_text(event, "unique_id"), order = { 0 };
	int64_t i = -1, line = -1;

	if (!str_split(&rest, ':', &order) || !str_to_int64(order, &i) || i < 0)
		bench_die("an event with the unique id '%.*s'", STR_ARG(json_get_text(event, "unique_id")));
	if (str_eq(json_get_text(event, "metric"), STR("Placed Order")))
		return (size_t)i * SOAK_EVENTS;
	if (!str_to_int64(rest, &line) || line < 0 || line >= SOAK_LINES)
		bench_die("an event of the line '%.*s'", STR_ARG(rest));
	return (size_t)i * SOAK_EVENTS + 1 + (size_t)line;
}

static int64_t count_page(struct bench_shop *shop, int64_t after, unsigned char *seen, size_t n_seen)
{
	const char *path =
		arena_printf(&shop->arena, "/sandbox/events?after=%" PRId64 "&limit=" EVENTS_PER_PAGE, after)
			.p;
	struct json *page = bench_shop_sandbox(shop, path);
	const struct json *events = json_get(page, "events");
	int64_t last = json_len(events) ? bench_number(page, "last_number") : 0;

	for (size_t i = 0; i < json_len(events); i++) {
		size_t at = event_index(json_at(events, i));

		if (at >= n_seen)
			bench_die("an event of an order that was never sent");
		seen[at] = seen[at] ? 2 : 1;
	}
	json_free(page);
	return last;
}

static void compare_events(struct bench_shop *shop, const struct soak_load *load, struct soak_found *out)
{
	size_t n = load->n_orders * SOAK_EVENTS;
	unsigned char *seen = calloc(n + 1, 1);

	if (!seen)
		bench_die("no memory for %zu events", n);
	for (int64_t after = 0; (after = count_page(shop, after, seen, n)) > 0;)
		arena_reset(&shop->arena);
	for (size_t i = 0; i < n; i++) {
		out->lost += seen[i] == 0;
		out->doubled += seen[i] > 1;
	}
	free(seen);
}

/* ---- products, people ---- */

static const struct json *find(const struct json *list, const char *member, const char *value)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), member), str_from(value)))
			return json_at(list, i);
	return NULL;
}

static bool product_is(const struct json *items, size_t i, unsigned version)
{
	const struct json *item;
	char id[32], title[64];

	(void)snprintf(id, sizeof(id), "p%zu", i);
	(void)snprintf(title, sizeof(title), "Cup %zu, version %u", i, version);
	item = find(items, "external_id", id);
	if (version == 0)
		return !item;
	return str_eq(json_get_text(item, "title"), str_from(title)) &&
	       json_number(json_get(item, "price")) == soak_price(version);
}

static void compare_products(struct bench_shop *shop, const struct soak_load *load, struct soak_found *out)
{
	struct json *state = bench_shop_sandbox(shop, "/sandbox/state");
	const struct json *items = json_get(json_at(json_get(state, "accounts"), 0), "items");

	for (size_t i = 0; i < SOAK_PRODUCTS; i++)
		out->stale_products += !product_is(items, i, load->product[i]);
	json_free(state);
}

static void compare_people(struct bench_shop *shop, const struct soak_load *load, struct soak_found *out)
{
	for (size_t i = 0; i < SOAK_PEOPLE; i++) {
		const char *path =
			arena_printf(&shop->arena, "/sandbox/profiles?email=person%zu@soak-shop.de", i).p;
		struct str name = arena_printf(&shop->arena, "Version %u", load->person[i]);
		struct json *page = bench_shop_sandbox(shop, path);
		const struct json *profiles = json_get(page, "profiles");

		if (load->person[i] == 0)
			out->stale_people += json_len(profiles) != 0;
		else
			out->stale_people += json_len(profiles) != 1 ||
					     !str_eq(json_get_text(json_at(profiles, 0), "last_name"), name);
		json_free(page);
		arena_reset(&shop->arena);
	}
}

/* ---- rules and books ---- */

static void look_at_rules(struct bench_shop *shop, struct soak_found *out)
{
	struct json *broken = bench_shop_sandbox(shop, "/sandbox/violations");
	struct json *counts = bench_shop_sandbox(shop, "/sandbox/counts");
	const struct json *kinds = json_get(broken, "by_kind");
	int64_t again =
		bench_number(kinds, "unchanged_content_sent") + bench_number(kinds, "overlapping_change");

	out->broken = bench_number(broken, "total") - again;
	for (size_t i = 0; out->broken > 0 && i < json_len(json_get(broken, "violations")); i++)
		(void)fprintf(stderr, "soak: %.*s\n",
			      STR_ARG(json_write_arena(json_at(json_get(broken, "violations"), i), false,
						       &shop->arena)));
	out->sent_again = again + bench_number(json_get(counts, "people"), "duplicates_dropped");
	out->throttled = bench_number(json_get(counts, "throttled"), "caused_by_us");
	json_free(counts);
	json_free(broken);
}

static void look_at_store(struct bench_shop *shop, const struct soak_load *load, struct soak_found *out)
{
	struct summary summary = summarize(shop, &shop->arena);
	int64_t n = (int64_t)atomic_load(&load->n_messages);

	for (size_t i = 0; i < summary.n_store; i++) {
		n -= summary.store[i].mapped;
		out->failed += summary.store[i].failed + summary.store[i].pending;
	}
	for (size_t i = 0; i < summary.n_account; i++)
		out->failed += summary.account[i].failed;
	out->not_mapped = n < 0 ? -n : n;
	look_at_books(shop, out->books, sizeof(out->books));
}

void soak_compare(struct bench_shop *shop, const struct soak_load *load, struct soak_found *out)
{
	*out = (struct soak_found){ 0 };
	compare_events(shop, load, out);
	compare_products(shop, load, out);
	compare_people(shop, load, out);
	look_at_rules(shop, out);
	look_at_store(shop, load, out);
	arena_reset(&shop->arena);
}
