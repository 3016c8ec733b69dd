/*
 * Quotas: fixed windows of 1 s and 60 s at a random phase, partly used by others.
 *
 * G5 is judged by when requests left, not by when they arrived: two that left a second apart may arrive
 * together.
 */
#include "sim/klaviyo_internal.h"

#include "base/alloc.h"
#include "klaviyo/endpoint.h"
#include "sim/node.h"

#include <stdio.h>
#include <string.h>

#define WINDOWS 64

struct window {
	int64_t ms; /* its length */
	int64_t phase_ms;
	int limit;
	int64_t number; /* of the current one, by arrival */
	int n_arrived;
	int n_foreign;
	int64_t sent_number[WINDOWS]; /* by departure */
	int n_sent[WINDOWS];
};

struct family {
	struct family *next;
	int account;
	char *name;
	struct window window[2];
	int64_t heard_ms; /* when the last Retry-After was; 0 = never */
	int64_t frozen_until_ms;
	int heard_life;
	const struct http_client *heard_client;
	bool saved;   /* who heard it has it in the database */
	bool went_on; /* and sent something before it had */
};

static struct family *first_family;

void quota_open(void)
{
	first_family = NULL;
}

void quota_close(void)
{
	while (first_family) {
		struct family *family = first_family;

		first_family = family->next;
		mem_free(family->name);
		mem_free(family);
	}
}

static struct family *find(int account, struct str name)
{
	for (struct family *family = first_family; family; family = family->next)
		if (family->account == account && str_eq(str_from(family->name), name))
			return family;
	return NULL;
}

static struct family *get(int account, struct str name, int burst, int steady)
{
	struct family *family = find(account, name);

	if (family)
		return family;
	family = mem_zalloc(1, sizeof(*family));
	family->account = account;
	family->name = klaviyo_text(name);
	family->window[0] = (struct window){ .ms = 1000, .limit = burst };
	family->window[1] = (struct window){ .ms = 60000, .limit = steady };
	for (int i = 0; i < 2; i++)
		family->window[i].phase_ms = sim_draw(OPTION_foreign, 0, family->window[i].ms - 1);
	family->next = first_family;
	first_family = family;
	return family;
}

/* ---- what left ---- */

static void count_sent(const struct family *family, struct window *window, int64_t sent_ms)
{
	int64_t number = (sent_ms + window->phase_ms) / window->ms + 1;
	int *n = &window->n_sent[number % WINDOWS];
	int64_t share = window->limit * sim_option(OPTION_quota_percent) / 100;

	if (window->sent_number[number % WINDOWS] != number)
		*n = 0;
	window->sent_number[number % WINDOWS] = number;
	if (++*n > (share > 1 ? share : 1))
		sim_fail("G5", "account %d, %s: request %d in a window of %lld s, allowed %lld",
			 family->account, family->name, *n, (long long)window->ms / 1000, (long long)share);
}

static void check_frozen(const struct family *family, const struct wire_request *request)
{
	if (family->heard_ms == 0 || request->sent_ms <= family->heard_ms ||
	    request->sent_ms >= family->frozen_until_ms)
		return;
	if (request->life != family->heard_life && !family->saved && !family->went_on)
		return;
	sim_fail("G5", "account %d, %s: left %lld ms before Retry-After was over", family->account,
		 family->name, (long long)(family->frozen_until_ms - request->sent_ms));
}

/* ---- what arrived ---- */

/* How long until there is room, 0 = there is. */
static int64_t count_arrived(struct window *window)
{
	int64_t at = sim.now_ms + window->phase_ms, number = at / window->ms + 1;

	if (number != window->number) {
		window->number = number;
		window->n_arrived = window->n_foreign = 0;
		if (!sim.healed && sim_option(OPTION_foreign) > 0) {
			sim.n_hit[OPTION_foreign]++;
			window->n_foreign =
				(int)(window->limit *
				      sim_draw(OPTION_foreign, 0, sim_option(OPTION_foreign)) / 1000);
		}
	}
	if (window->n_arrived + window->n_foreign >= window->limit)
		return window->ms - at % window->ms;
	window->n_arrived++;
	return 0;
}

static void refuse(struct visit *visit, int64_t wait_ms)
{
	visit_error(visit, 429, "throttled", NULL, STR("Request was throttled."));
	visit->answer->retry_after_s = (wait_ms + 999) / 1000;
	visit->answer->remaining = 0;
	if (sim_fault(OPTION_throttled_bare)) {
		visit->answer->retry_after_s = -1;
		visit->answer->remaining = -1;
	}
}

bool quota_admit(struct visit *visit, struct str name, int burst, int steady)
{
	struct family *family = get(visit->account, name, burst, steady);
	int64_t wait_ms = 0;

	check_frozen(family, visit->request);
	for (int i = 0; i < 2; i++) {
		int64_t wait = count_arrived(&family->window[i]);

		count_sent(family, &family->window[i], visit->request->sent_ms);
		wait_ms = wait > wait_ms ? wait : wait_ms;
	}
	if (wait_ms == 0 && sim_fault(OPTION_throttled))
		wait_ms = sim_draw(OPTION_throttled, 1, 30) * 1000;
	if (wait_ms > 0) {
		refuse(visit, wait_ms);
		return false;
	}
	visit->answer->remaining =
		family->window[0].limit - family->window[0].n_arrived - family->window[0].n_foreign;
	return true;
}

/* ---- what was heard ---- */

/* Who dies with a Retry-After that nobody wrote down is excused, but not who had the time to ask for more. */
void quota_sent(int account, const struct wire_request *request)
{
	for (struct family *family = first_family; family; family = family->next)
		if (family->account == account && family->heard_client == request->client &&
		    family->heard_life == request->life && request->sent_ms > family->heard_ms &&
		    !family->saved)
			family->went_on = true;
}

static struct str family_of(const struct wire_request *request, struct arena *arena);

void quota_heard(int account, const struct wire_request *request, const struct wire_answer *answer)
{
	struct family *family;
	struct arena arena;

	if (answer->status != 429 || answer->retry_after_s <= 0)
		return;
	arena_init(&arena);
	family = find(account, family_of(request, &arena));
	arena_release(&arena);
	if (!family)
		return;
	family->heard_ms = sim.now_ms;
	family->frozen_until_ms = sim.now_ms + answer->retry_after_s * 1000;
	family->heard_life = node_life();
	family->heard_client = request->client;
	family->saved = family->went_on = false;
}

/* "PATCH /api/catalog-items/{id}" */
static struct str family_of(const struct wire_request *request, struct arena *arena)
{
	struct str path = request->path, rest = str_skip(path, sizeof("/api/") - 1);
	size_t end = str_find_char(rest, '/');

	if (end < rest.len && strcmp(request->method, "GET") != 0)
		return arena_printf(arena, "%s /api/%.*s/{id}", request->method, (int)end, rest.p);
	return arena_printf(arena, "%s /api/%.*s", request->method, (int)end, rest.p);
}

void klaviyo_freeze_saved(int account, struct str endpoint_text)
{
	bool poll = str_starts(endpoint_text, STR("poll:"));
	enum endpoint endpoint;
	char name[128];

	if (!endpoint_find(poll ? str_skip(endpoint_text, 5) : endpoint_text, &endpoint))
		return;
	(void)snprintf(name, sizeof(name), "%s %s", poll ? "GET" : endpoint_row(endpoint)->method,
		       endpoint_row(endpoint)->path);
	for (struct family *family = first_family; family; family = family->next)
		if (family->account == account && family->heard_life == node_life() &&
		    strcmp(family->name, name) == 0)
			family->saved = true;
}
