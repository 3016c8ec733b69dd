/*
 * The shop of the soak: what it sends, and what of it was acknowledged.
 *
 * Keeps:   versions are counted in the order in which they were sent, one webhook after the other, so that
 *          the version that was acknowledged last is the one that Klaviyo must hold in the end.
 * Threads: its own, started here; counters may be read from others.
 */
#include "soak.h"

#include "base/clock.h"
#include "base/strbuf.h"

#include <inttypes.h>
#include <time.h>

#define PER_POST_MAX   4
#define BODY_BYTES_MAX 65536
#define AGAIN_MS       100

enum kind { ORDER, PRODUCT, PERSON };

static void add_order(struct soak_load *load, struct strbuf *out, size_t serial)
{
	size_t i = load->n_orders++;

	if (i >= SOAK_ORDERS_MAX)
		bench_die("more than %d orders", SOAK_ORDERS_MAX);
	strbuf_addf(
		out,
		"{\"type\":\"order.placed\",\"id\":\"m%zu\",\"data\":{\"order_id\":\"%zu\",\"placed_at\":\"",
		serial, i);
	time_format_rfc3339(clock_wall_ms(clock_system()), out);
	strbuf_addf(out,
		    "\",\"currency\":\"EUR\",\"total\":\"24.00\",\"customer\":{\"email\":\"buyer%zu@soak-"
		    "shop.de\"},"
		    "\"lines\":[",
		    i / 3);
	for (int line = 0; line < SOAK_LINES; line++)
		strbuf_addf(out,
			    "%s{\"line_id\":\"%d\",\"product_id\":\"p%zu\",\"sku\":\"s%d\",\"name\":\"Cup\","
			    "\"quantity\":1,"
			    "\"unit_price\":\"12.00\",\"row_total\":\"12.00\"}",
			    line ? "," : "", line, i % SOAK_PRODUCTS, line);
	strbuf_add_text(out, "]}}");
}

static void add_product(struct soak_load *load, struct strbuf *out, size_t serial)
{
	size_t i = rand_below(&load->chance.rand, SOAK_PRODUCTS);
	unsigned version = ++load->product[i];

	strbuf_addf(out,
		    "{\"type\":\"product.upserted\",\"id\":\"m%zu\",\"data\":{\"id\":\"p%zu\",\"title\":"
		    "\"Cup %zu, "
		    "version "
		    "%u\",\"url\":\"https://soak-shop.de/p%zu\",\"price\":\"%.2f\",\"currency\":\"EUR\"}}",
		    serial, i, i, version, i, soak_price(version));
}

static void add_person(struct soak_load *load, struct strbuf *out, size_t serial)
{
	size_t i = rand_below(&load->chance.rand, SOAK_PEOPLE);
	unsigned version = ++load->person[i];

	strbuf_addf(out,
		    "{\"type\":\"customer.upserted\",\"id\":\"m%zu\",\"data\":{\"customer_id\":\"c%zu\","
		    "\"email\":"
		    "\"person%zu@soak-shop.de\",\"first_name\":\"Ann\",\"last_name\":\"Version %u\"}}",
		    serial, i, i, version);
}

static size_t make_post(struct soak_load *load, struct strbuf *out)
{
	static const enum kind kinds[] = { ORDER,   ORDER,   ORDER,   ORDER,  ORDER,
					   PRODUCT, PRODUCT, PRODUCT, PERSON, PERSON };
	size_t n = 1 + rand_below(&load->chance.rand, PER_POST_MAX), serial = atomic_load(&load->n_messages);

	strbuf_reset(out);
	for (size_t k = 0; k < n; k++) {
		strbuf_add_char(out, k == 0 ? '[' : ',');
		switch (kinds[rand_below(&load->chance.rand, ARRAY_LEN(kinds))]) {
		case ORDER:
			add_order(load, out, serial + k);
			break;
		case PRODUCT:
			add_product(load, out, serial + k);
			break;
		case PERSON:
			add_person(load, out, serial + k);
			break;
		}
	}
	strbuf_add_char(out, ']');
	return n;
}

static void sleep_ms(int64_t ms)
{
	struct timespec moment = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&moment, NULL);
}

/* Until it is acknowledged; a shop is patient with 429, 503 and silence, and with nothing else. */
static void post(struct soak_load *load, struct str body)
{
	struct str id = arena_printf(&load->shop.arena, "soak_%zu", atomic_load(&load->n_messages));
	struct str answer;
	int status;

	while ((status = bench_shop_try_post(&load->shop, 0, id, body, &answer)) / 100 != 2) {
		if (status != 0 && status != 429 && status != 503)
			bench_die("a webhook was answered with %d %.*s", status, STR_ARG(answer));
		atomic_fetch_add(&load->n_again, 1);
		sleep_ms(AGAIN_MS);
	}
}

static void *work(void *arg)
{
	struct soak_load *load = arg;
	int64_t start_us = bench_now_us();
	struct strbuf body;

	strbuf_init(&body, BODY_BYTES_MAX);
	for (size_t i = 1; !atomic_load(&load->stop); i++) {
		size_t n = make_post(load, &body);
		int64_t due_us = start_us + (int64_t)((double)i * 1e6 / load->per_s), now_us;

		post(load, strbuf_str(&body));
		atomic_fetch_add(&load->n_messages, n);
		arena_reset(&load->shop.arena);
		now_us = bench_now_us();
		if (due_us > now_us)
			sleep_ms((due_us - now_us) / 1000);
	}
	strbuf_release(&body);
	return NULL;
}

void soak_load_start(struct soak_load *load, const struct bench_shop *shop, double per_s, uint64_t seed)
{
	struct err err = { 0 };

	load->shop = *shop;
	load->per_s = per_s;
	arena_init(&load->shop.arena);
	rand_seeded_init(&load->chance, seed);
	if (!http_client_new(&(struct http_client_config){ .user_agent = "pannier-soak" }, &load->shop.client,
			     &err))
		bench_die("%s", err.msg);
	if (pthread_create(&load->thread, NULL, work, load) != 0)
		bench_die("no thread for the shop");
}

void soak_load_stop(struct soak_load *load)
{
	atomic_store(&load->stop, true);
	(void)pthread_join(load->thread, NULL);
	http_client_free(load->shop.client);
	arena_release(&load->shop.arena);
}
