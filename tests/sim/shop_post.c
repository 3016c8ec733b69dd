/*
 * How a shop tells: signed requests, sent again after failures until its software gives up; some switch
 * themselves off after several failures in a row.
 */
#include "base/alloc.h"
#include "base/digest.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"
#include "sim/wire.h"

#include <stdio.h>

#define TIMEOUT_MS 5000
#define HEADERS	   4

struct parcel {
	struct shop *shop;
	char *body;
	size_t len;
	int64_t number;
	int n_attempt;
	bool forged;
	struct person *waits; /* for its being taken in, which is never given up; NULL = nobody */
};

static int64_t n_parcel;

static void send(void *arg);

static void finish(struct parcel *parcel)
{
	parcel->shop->n_under_way--;
	mem_free(parcel->body);
	mem_free(parcel);
}

static int64_t wait_ms(const struct parcel *parcel)
{
	static const int64_t seconds[] = { 5, 30, 60, 120, 300 };
	int at = parcel->n_attempt - 1;

	if (sim.healed)
		return 2000;
	return 1000 * seconds[at < (int)ARRAY_LEN(seconds) ? at : (int)ARRAY_LEN(seconds) - 1];
}

static void note_failure(struct shop *one)
{
	one->n_failure++;
	if (sim.healed || !sim_option(OPTION_shop_disables) ||
	    one->n_failure < sim_option(OPTION_shop_disables))
		return;
	sim.n_hit[OPTION_shop_disables]++;
	one->n_failure = 0;
	one->disabled_until_ms = sim.now_ms + sim_draw(OPTION_shop_disables, 30000, 300000);
	sim_trace("shop %d is off until %lld", one->number, (long long)one->disabled_until_ms);
}

static void answered(void *arg, int status, int64_t retry_after_s)
{
	struct parcel *parcel = arg;
	struct shop *one = parcel->shop;

	(void)retry_after_s;
	sim_trace("shop %d parcel %lld: %d", one->number, (long long)parcel->number, status);
	if (parcel->forged) {
		if (status >= 200 && status < 300)
			sim_fail("G1", "a request with a wrong signature was taken in");
		finish(parcel);
		return;
	}
	if (status >= 200 && status < 300) {
		one->n_failure = 0;
		if (parcel->waits)
			parcel->waits->leaving = false;
		finish(parcel);
		return;
	}
	note_failure(one);
	if (sim.closing) {
		finish(parcel);
		return;
	}
	if (!sim.healed && !parcel->waits && parcel->n_attempt >= sim_option(OPTION_shop_attempts)) {
		finish(parcel);
		return;
	}
	sim_at(sim.now_ms + wait_ms(parcel), send, parcel);
}

static void sign(const struct parcel *parcel, struct str body, struct arena *arena,
		 struct http_header *header)
{
	struct str at = arena_printf(arena, "%lld", (long long)(sim_wall_ms() / MS_PER_S));
	struct str id = arena_printf(arena, "parcel-%lld", (long long)parcel->number);
	struct str part[] = { id, STR("."), at, STR("."), body };
	unsigned char sum[SHA256_BYTES];

	digest_hmac_sha256(STR(NODE_SECRET), part, ARRAY_LEN(part), sum);
	if (parcel->forged)
		sum[0] ^= 1;
	header[0] = (struct http_header){ STR("Content-Type"), STR("application/json") };
	header[1] = (struct http_header){ STR("webhook-id"), id };
	header[2] = (struct http_header){ STR("webhook-timestamp"), at };
	header[3] = (struct http_header){
		STR("webhook-signature"),
		arena_printf(arena, "v1,%.*s", STR_ARG(base64_encode(arena, sum, sizeof(sum)))),
	};
}

static void send(void *arg)
{
	struct parcel *parcel = arg;
	struct http_header header[HEADERS];
	struct str body = str_of(parcel->body, parcel->len);
	struct arena arena;
	struct door_post post = {
		.header = header,
		.n_header = HEADERS,
		.body = body,
		.done = answered,
		.arg = parcel,
		.timeout_ms = TIMEOUT_MS,
	};

	arena_init(&arena);
	parcel->n_attempt++;
	post.path = arena_printf(&arena, "/hooks/generic/shop%d", parcel->shop->number);
	sign(parcel, body, &arena, header);
	door_send(&post);
	arena_release(&arena);
}

static struct parcel *parcel_new(struct shop *one, struct str body)
{
	struct parcel *parcel = mem_zalloc(1, sizeof(*parcel));

	parcel->shop = one;
	parcel->body = mem_alloc(body.len + 1);
	parcel->len = body.len;
	for (size_t i = 0; i < body.len; i++)
		parcel->body[i] = body.p[i];
	parcel->number = n_parcel++;
	one->n_under_way++;
	return parcel;
}

/* What somebody else could have written, who does not know the secret. */
static void send_forged(struct shop *one)
{
	struct parcel *parcel = parcel_new(
		one, STR("{\"id\":\"forged\",\"type\":\"product.deleted\",\"data\":{\"id\":\"s0-p0\"}}"));

	parcel->forged = true;
	send(parcel);
}

void shop_post(struct shop *one, struct strbuf *body)
{
	if (!sim.healed && sim.now_ms < one->disabled_until_ms) {
		strbuf_release(body);
		return;
	}
	if (sim_fault(OPTION_shop_forged))
		send_forged(one);
	send(parcel_new(one, strbuf_str(body)));
	strbuf_release(body);
}

void shop_post_certain(struct shop *one, int person, struct strbuf *body)
{
	struct parcel *parcel = parcel_new(one, strbuf_str(body));

	parcel->waits = &one->person[person];
	send(parcel);
	strbuf_release(body);
}

void shop_post_reset(void)
{
	n_parcel = 0;
}
