/*
 * The road from the shops: requests, exchanges and answers, without sockets. Defines what net/http_server.h
 * promises of an exchange.
 */
#include "sim/wire.h"

#include "base/alloc.h"
#include "sim/check.h"
#include "sim/node.h"
#include "sim/sim.h"

#include <string.h>

/* A request on the road, and what its shop waits for. */
struct letter {
	struct arena arena;
	struct door_post post;
	bool told; /* done was called */
	int n_use; /* events and exchanges that still need it */
	int status;
	int64_t retry_after_s;
};

static void let_go(struct letter *letter)
{
	if (--letter->n_use > 0)
		return;
	arena_release(&letter->arena);
	mem_free(letter);
}

static void tell(struct letter *letter, int status, int64_t retry_after_s)
{
	if (letter->told)
		return;
	letter->told = true;
	letter->post.done(letter->post.arg, status, retry_after_s);
}

static void plan(struct letter *letter, int64_t at_ms, sim_event *event)
{
	letter->n_use++;
	sim_at(at_ms, event, letter);
}

/* ---- back to the shop ---- */

static void run_out(void *arg)
{
	struct letter *letter = arg;

	tell(letter, 0, 0);
	let_go(letter);
}

static void bring_back(void *arg)
{
	struct letter *letter = arg;

	tell(letter, letter->status, letter->retry_after_s);
	let_go(letter);
}

static int64_t retry_after(const struct http_header *header, size_t n)
{
	int64_t seconds = 0;

	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(header[i].name, STR("Retry-After")))
			(void)str_to_int64(header[i].value, &seconds);
	return seconds;
}

static void answered(void *arg, const struct door_answer *answer)
{
	struct letter *letter = arg;
	int status = answer->status;

	/* What a dead process says nobody hears. */
	if (!disk_is_dead()) {
		sim_trace("door: %d", status);
		if (status >= 200 && status < 300)
			check_acknowledged(letter->post.body);
		letter->status = status;
		letter->retry_after_s = retry_after(answer->header, answer->n_header);
		if (!sim_fault(OPTION_shop_lost_answers))
			plan(letter, sim.now_ms + sim_draw(OPTION_shop_delay_ms, 1, 50), bring_back);
	}
	let_go(letter);
}

/* ---- exchanges ---- */

static void end(struct http_exchange *exchange, const struct door_answer *answer)
{
	exchange->answered(exchange->arg, answer);
	arena_release(&exchange->arena);
	mem_free(exchange);
}

void http_reply(struct http_exchange *exchange, int status, const struct http_header *header, size_t n,
		struct str body)
{
	end(exchange, &(struct door_answer){
			      .status = status, .header = header, .n_header = n, .body = body, .fd = -1 });
}

void http_reply_file(struct http_exchange *exchange, int status, const struct http_header *header, size_t n,
		     int fd, int64_t bytes)
{
	end(exchange, &(struct door_answer){
			      .status = status, .header = header, .n_header = n, .fd = fd, .bytes = bytes });
}

void http_drop(struct http_exchange *exchange)
{
	http_reply(exchange, 500, NULL, 0, (struct str){ 0 });
}

struct http_exchange *door_open(void (*then)(void *arg, const struct door_answer *answer), void *arg)
{
	struct http_exchange *exchange = mem_zalloc(1, sizeof(*exchange));

	arena_init(&exchange->arena);
	exchange->answered = then;
	exchange->arg = arg;
	return exchange;
}

/* ---- to the node ---- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
	return &exchange->request;
}

struct str http_exchange_header(const struct http_exchange *exchange, const char *name)
{
	for (size_t i = 0; i < exchange->n_header; i++)
		if (str_eq_nocase(exchange->header[i].name, str_from(name)))
			return exchange->header[i].value;
	return (struct str){ 0 };
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
	return &exchange->arena;
}

static void knock(void *arg)
{
	struct letter *letter = arg;
	struct http_exchange *exchange;

	if (!node_is_up()) {
		letter->status = 0;
		plan(letter, sim.now_ms + 20, bring_back);
		let_go(letter);
		return;
	}
	exchange = door_open(answered, letter); /* it has the event's use now */
	exchange->request = (struct http_request){
		.method = STR("POST"),
		.path = letter->post.path,
		.body = letter->post.body,
		.remote = STR("192.0.2.1"),
	};
	exchange->header = letter->post.header;
	exchange->n_header = letter->post.n_header;
	node_receive(exchange);
}

void door_send(const struct door_post *post)
{
	struct letter *letter = mem_zalloc(1, sizeof(*letter));
	struct http_header *header;
	int64_t delay_ms =
		sim_draw(OPTION_shop_delay_ms, 1, sim.healed ? 50 : sim_option(OPTION_shop_delay_ms));

	arena_init(&letter->arena);
	letter->post = *post;
	letter->post.path = arena_dup(&letter->arena, post->path);
	letter->post.body = arena_dup(&letter->arena, post->body);
	header = ARENA_ARRAY(&letter->arena, post->n_header, struct http_header);
	for (size_t i = 0; i < post->n_header; i++)
		header[i] = (struct http_header){ arena_dup(&letter->arena, post->header[i].name),
						  arena_dup(&letter->arena, post->header[i].value) };
	letter->post.header = header;
	plan(letter, sim.now_ms + post->timeout_ms, run_out);
	if (!sim_fault(OPTION_shop_lost))
		plan(letter, sim.now_ms + delay_ms, knock);
	if (sim_fault(OPTION_shop_twice))
		plan(letter, sim.now_ms + sim_draw(OPTION_shop_twice, 1, 5000), knock);
}
