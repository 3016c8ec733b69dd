/*
 * A virtual Klaviyo: its door. Who may come in, what fails for no reason, where a request goes.
 */
#include "sim/klaviyo_internal.h"

#include "base/alloc.h"
#include "net/url.h"
#include "sim/node.h"
#include "sim/token.h"

#include <stdio.h>
#include <string.h>

#define LOCKED_MAX_MS 300000
#define LINKS	      "/relationships/items"

struct account {
	int64_t locked_until_ms;
	bool down; /* locked means down, not that the key is refused */
};

static struct account account[KLAVIYO_ACCOUNTS_MAX];
static int n_account;

char *klaviyo_text(struct str text)
{
	char *copy = mem_alloc(text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	return copy;
}

void klaviyo_open(int n)
{
	memset(account, 0, sizeof(account));
	n_account = n;
	quota_open();
	people_open();
}

void klaviyo_close(void)
{
	quota_close();
	people_close();
	thing_close();
	job_close();
}

void klaviyo_process_died(void)
{
	jobs_work(true);
	thing_forget_flight(NULL);
}

/* ---- answers ---- */

void visit_error(struct visit *visit, int status, const char *code, const char *pointer, struct str detail)
{
	visit->answer->status = status;
	visit->answer->body = arena_printf(visit->arena,
					   "{\"errors\":[{\"id\":\"e\",\"status\":%d,\"code\":\"%s\","
					   "\"title\":\"No.\",\"detail\":\"%.*s\","
					   "\"source\":{\"pointer\":\"%s\"}}]}",
					   status, code, STR_ARG(detail), pointer ? pointer : "/data/");
}

/* ---- routes ---- */

typedef void visit_fn(struct visit *visit, struct str id);

static void visit_events(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_event(visit);
}

static void visit_event_jobs(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_events(visit);
}

static void visit_profile(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_profile(visit);
}

static void visit_subscribe(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_consent(visit, true);
}

static void visit_unsubscribe(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_consent(visit, false);
}

static void visit_deletion(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_deletion(visit);
}

static void visit_lists(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_lists(visit);
}

static void visit_profiles(struct visit *visit, struct str id)
{
	(void)id;
	people_visit_profiles(visit);
}

static void visit_metrics(struct visit *visit, struct str id)
{
	(void)id;
	visit->answer->status = 200;
	visit->answer->body = STR("{\"data\":[],\"links\":{\"next\":null}}");
}

struct route {
	const char *word; /* behind "/api/" */
	int burst;
	int steady;
	int get_burst; /* 0: the same */
	int get_steady;
	visit_fn *visit;
};

static const struct route route[] = {
	{ "events", 350, 3500, 0, 0, visit_events },
	{ "event-bulk-create-jobs", 10, 150, 0, 0, visit_event_jobs },
	{ "profile-import", 75, 750, 0, 0, visit_profile },
	{ "profile-bulk-import-jobs", 10, 150, 10, 150, job_visit_import },
	{ "profile-subscription-bulk-create-jobs", 75, 750, 0, 0, visit_subscribe },
	{ "profile-subscription-bulk-delete-jobs", 75, 750, 0, 0, visit_unsubscribe },
	{ "data-privacy-deletion-jobs", 3, 60, 0, 0, visit_deletion },
	{ "lists", 10, 150, 75, 750, visit_lists },
	{ "profiles", 75, 750, 0, 0, visit_profiles },
	{ "metrics", 10, 150, 0, 0, visit_metrics },
};

/* "" or "CATEGORY/relationships/items" */
static void visit_catalog(struct visit *visit, enum thing_kind kind, struct str id)
{
	struct str category = str_of(id.p, str_find_char(id, '/'));

	if (id.len == 0)
		thing_visit_list(visit, kind);
	else if (kind == THING_CATEGORY && str_starts(category, STR(KLAVIYO_ID_PREFIX)) &&
		 str_eq(str_skip(id, category.len), STR(LINKS)))
		thing_visit_links(visit, str_skip(category, sizeof(KLAVIYO_ID_PREFIX) - 1));
	else
		sim_fail("shape", "nobody asks for '%.*s'", STR_ARG(id));
}

/* "catalog-items" or "catalog-item-bulk-create-jobs" */
static bool route_catalog(struct visit *visit, struct str word, struct str id)
{
	static const char *const op[] = { "create", "update", "delete" };

	for (int kind = 0; kind < THING_KIND_COUNT; kind++) {
		if (str_eq(word, arena_printf(visit->arena, "catalog-%s", thing_plural[kind]))) {
			if (strcmp(visit->request->method, "GET") == 0) {
				visit_catalog(visit, (enum thing_kind)kind, id);
				return true;
			}
			thing_visit_single(visit, (enum thing_kind)kind,
					   str_starts(id, STR(KLAVIYO_ID_PREFIX))
						   ? str_skip(id, sizeof(KLAVIYO_ID_PREFIX) - 1)
						   : id);
			return true;
		}
		for (size_t i = 0; i < ARRAY_LEN(op); i++) {
			if (!str_eq(word, arena_printf(visit->arena, "catalog-%s-bulk-%s-jobs",
						       thing_word[kind], op[i])))
				continue;
			job_visit(visit, (enum thing_kind)kind, op[i], id);
			return true;
		}
	}
	return false;
}

static const struct route *find_route(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(route); i++)
		if (str_eq(word, str_from(route[i].word)))
			return &route[i];
	return NULL;
}

static void go(struct visit *visit, struct str word, struct str id)
{
	const struct route *found = find_route(word);

	if (found)
		found->visit(visit, id);
	else if (!route_catalog(visit, word, id))
		sim_fail("shape", "%s %.*s is nothing that Klaviyo has", visit->request->method,
			 STR_ARG(visit->request->path));
}

static bool admit(struct visit *visit, struct str word, struct str id)
{
	const struct route *found = find_route(word);
	bool get = strcmp(visit->request->method, "GET") == 0;
	bool large =
		str_starts(word, STR("catalog-item-bulk")) || str_starts(word, STR("catalog-variant-bulk"));
	int burst = 75, steady = 750;

	if (found) {
		burst = get && found->get_burst ? found->get_burst : found->burst;
		steady = get && found->get_burst ? found->get_steady : found->steady;
	} else if (get && !(large && !str_ends(word, STR("delete-jobs")))) {
		burst = 350;
		steady = 3500;
	}
	return quota_admit(visit,
			   arena_printf(visit->arena, "%s /api/%.*s%s", visit->request->method, STR_ARG(word),
					id.len > 0 && !get	   ? "/{id}"
					: str_ends(id, STR(LINKS)) ? "/{id}" LINKS
								   : ""),
			   burst, steady);
}

/* ---- moods ---- */

static bool is_locked(struct visit *visit)
{
	struct account *one = &account[visit->account];

	if (sim.healed)
		return false;
	if (sim_option(OPTION_dead_account) > 0 && n_account > 1 && visit->account == n_account - 1) {
		sim.n_hit[OPTION_dead_account]++;
		visit_error(visit, 503, "unavailable", NULL, STR("Down."));
		return true;
	}
	if (sim.now_ms >= one->locked_until_ms) {
		if (!sim_option(OPTION_locked_out) || !sim_chance(OPTION_locked_out, 5) ||
		    !sim_fault(OPTION_locked_out))
			return false;
		one->locked_until_ms = sim.now_ms + sim_draw(OPTION_locked_out, 1000, LOCKED_MAX_MS);
		one->down = sim_chance(OPTION_locked_out, 500);
		sim_trace("klaviyo: %d is locked until %lld", visit->account,
			  (long long)one->locked_until_ms);
	}
	if (one->down)
		visit_error(visit, 500, "error", NULL, STR("Down."));
	else
		visit_error(visit, 401, "not_authenticated", NULL, STR("Missing or invalid private key."));
	return true;
}

static void fail_with_5xx(struct visit *visit)
{
	static const int status[] = { 500, 502, 503, 504 };

	visit_error(visit, status[sim_draw(OPTION_error_before, 0, ARRAY_LEN(status) - 1)], "error", NULL,
		    STR("A server error occurred."));
}

static bool find_account(struct visit *visit)
{
	struct str number = str_skip(visit->request->key, sizeof(NODE_KEY_PREFIX) - 1);
	int64_t found = token_account(visit->request->key);

	if ((found < 0 &&
	     (!str_starts(visit->request->key, STR(NODE_KEY_PREFIX)) || !str_to_int64(number, &found))) ||
	    found >= n_account) {
		sim_fail("shape", "a key that nobody has");
		return false;
	}
	visit->account = (int)found;
	return true;
}

void klaviyo_answer(const struct wire_request *request, struct arena *arena, struct wire_answer *answer)
{
	struct visit visit = { .request = request, .answer = answer, .arena = arena };
	struct str rest = str_skip(request->path, sizeof("/api/") - 1), word, id;
	bool after = false;

	jobs_work(false);
	if (!find_account(&visit))
		return;
	word = str_of(rest.p, str_find_char(rest, '/'));
	if (!url_decode(str_skip(rest, word.len + 1), arena, &id))
		sim_fail("shape", "'%.*s' is not encoded well", STR_ARG(rest));
	if (token_has_ended(request->key)) {
		visit_error(&visit, 401, "not_authenticated", NULL, STR("The access token has expired."));
		goto out;
	}
	if (!admit(&visit, word, id) || is_locked(&visit))
		goto out;
	if (sim_fault(OPTION_error_before)) {
		fail_with_5xx(&visit);
		goto out;
	}
	if (request->body.len > 0 && !json_parse(request->body, &visit.body, NULL))
		sim_fail("shape", "a body that is not JSON");
	after = sim_fault(OPTION_error_after);
	if (after) {
		struct wire_request lost = *request;

		/* The effect stands, and nobody learns of it. */
		lost.answer_is_lost = true;
		visit.request = &lost;
		go(&visit, word, id);
		visit.request = request;
		fail_with_5xx(&visit);
	} else {
		go(&visit, word, id);
	}
	json_free(visit.body);
out:
	sim_trace("klaviyo: %d %s %.*s -> %d", visit.account, request->method, STR_ARG(request->path),
		  answer->status);
}

void klaviyo_was_sent(const struct wire_request *request)
{
	struct visit visit = { .request = request };

	if (find_account(&visit))
		quota_sent(visit.account, request);
}

void klaviyo_was_heard(const struct wire_request *request, const struct wire_answer *answer)
{
	struct visit visit = { .request = request };

	if (!find_account(&visit))
		return;
	quota_heard(visit.account, request, answer);
	if (answer->status == 200 && str_eq(request->path, STR("/api/profiles")))
		people_heard_optouts(visit.account, answer->body);
}

void klaviyo_flight_ended(const struct wire_flight *flight)
{
	thing_forget_flight(flight);
}
