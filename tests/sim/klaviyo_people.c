/*
 * The virtual Klaviyo's people: events with their unique_id, profiles, consent, who has left, lists.
 *
 * Checks that nobody who left is subscribed again by us: neither after we were told, nor when it happened
 * before our process started.
 */
#include "sim/klaviyo_internal.h"

#include "base/alloc.h"
#include "base/strbuf.h"
#include "net/url.h"
#include "sim/history.h"
#include "sim/moves.h"
#include "sim/node.h"
#include "sim/shop.h"

#include <stdio.h>
#include <string.h>

/* After being told, a consent that was under way may still leave. */
#define HEED_MS	     60000
#define OPTOUTS_PAGE 2
#define LISTS_MAX    8
#define GONE_MAX_MS  MS_PER_MIN

struct event {
	int account;
	size_t profile; /* whose */
	char *metric;
	char *unique_id;
	char *order_id;
	bool deleted;
};
struct profile {
	int account;
	char *email;
	char first_name[64];
	enum klaviyo_consent consent;
	int64_t suppressed_ms; /* 0 = is not */
	bool by_themselves;    /* they left here, not at the shop */
	int64_t told_ms;       /* when the process heard of it; 0 = not yet */
	int64_t deleted_ms;    /* its deletion was accepted; 0 = it is there */
	int64_t gone_ms;       /* until then it is still shown */
};

static struct event *event;
static size_t n_event;
static struct profile *profile;
static size_t n_profile;
static char *list[LISTS_MAX];
static size_t n_list;

void people_open(void)
{
	event = NULL;
	profile = NULL;
	n_event = n_profile = n_list = 0;
}

void people_close(void)
{
	for (size_t i = 0; i < n_event; i++) {
		mem_free(event[i].metric);
		mem_free(event[i].unique_id);
		mem_free(event[i].order_id);
	}
	for (size_t i = 0; i < n_profile; i++)
		mem_free(profile[i].email);
	for (size_t i = 0; i < n_list; i++)
		mem_free(list[i]);
	mem_free(event);
	mem_free(profile);
}

static struct profile *profile_find(int account, struct str email)
{
	for (size_t i = 0; i < n_profile; i++)
		if (profile[i].account == account && profile[i].deleted_ms == 0 &&
		    str_eq(str_from(profile[i].email), email))
			return &profile[i];
	return NULL;
}

static struct profile *profile_get(int account, struct str email)
{
	struct profile *found = profile_find(account, email);

	if (found)
		return found;
	if (email.len == 0)
		sim_fail("shape", "a profile without an e-mail address");
	profile = mem_resize(profile, (n_profile + 1) * sizeof(*profile));
	profile[n_profile] = (struct profile){ .account = account, .email = klaviyo_text(email) };
	return &profile[n_profile++];
}

static const struct json *profile_of(const struct json *attributes)
{
	return json_get(json_get(json_get(attributes, "profile"), "data"), "attributes");
}

/* ---- events ---- */

static bool is_known(const struct event *one)
{
	for (size_t i = 0; i < n_event; i++)
		if (event[i].account == one->account && !event[i].deleted &&
		    event[i].profile == one->profile && strcmp(event[i].metric, one->metric) == 0 &&
		    strcmp(event[i].unique_id, one->unique_id) == 0)
			return true;
	return false;
}

static void free_event(struct event *one)
{
	mem_free(one->metric);
	mem_free(one->unique_id);
	mem_free(one->order_id);
}

/* The same unique_id of the same profile and metric is dropped. */
static void put_event(int account, const struct json *attributes, struct str email)
{
	const struct json *metric = json_get(json_get(json_get(attributes, "metric"), "data"), "attributes");
	struct event one = {
		.account = account,
		.profile = (size_t)(profile_get(account, email) - profile),
		.metric = klaviyo_text(json_get_text(metric, "name")),
		.unique_id = klaviyo_text(json_get_text(attributes, "unique_id")),
		.order_id = klaviyo_text(json_get_text(json_get(attributes, "properties"), "OrderId")),
	};

	sim_trace("klaviyo: %d event %s %s of %s", account, one.metric, one.unique_id,
		  profile[one.profile].email);
	if (one.unique_id[0] == '\0' || email.len == 0)
		sim_fail("G3", "an event '%s' without unique_id or person", one.metric);
	if (history_only(one.order_id) && !json_get_bool(attributes, "backfill", false))
		sim_fail("history", "'%s' of %s comes as if it were new", one.metric, one.order_id);
	if (is_known(&one)) {
		free_event(&one);
		return;
	}
	event = mem_resize(event, (n_event + 1) * sizeof(*event));
	event[n_event++] = one;
}

void people_visit_event(struct visit *visit)
{
	const struct json *attributes = json_get(json_get(visit->body, "data"), "attributes");

	put_event(visit->account, attributes, json_get_text(profile_of(attributes), "email"));
	visit->answer->status = 202;
}

static const struct json *entries_of(const struct visit *visit)
{
	const struct json *attributes = json_get(json_get(visit->body, "data"), "attributes");

	return json_get(json_get(attributes, "events-bulk-create"), "data");
}

void people_visit_events(struct visit *visit)
{
	const struct json *entries = entries_of(visit);

	if (json_len(entries) > 1 && sim_fault(OPTION_unnamed)) {
		visit_error(visit, 400, "invalid", NULL, STR("Something in it is not liked here."));
		return;
	}
	for (size_t i = 0; i < json_len(entries); i++) {
		const struct json *entry = json_get(json_at(entries, i), "attributes");
		const struct json *events = json_get(json_get(entry, "events"), "data");

		for (size_t k = 0; k < json_len(events); k++)
			put_event(visit->account, json_get(json_at(events, k), "attributes"),
				  json_get_text(profile_of(entry), "email"));
	}
	visit->answer->status = 202;
}

int klaviyo_event_count(int account, const char *metric, const char *order_id)
{
	int n = 0;

	for (size_t i = 0; i < n_event; i++)
		n += event[i].account == account && !event[i].deleted &&
		     strcmp(event[i].metric, metric) == 0 && strcmp(event[i].order_id, order_id) == 0;
	return n;
}

int klaviyo_event_count_elsewhere(int account, const char *email, const char *order_id)
{
	int n = 0;

	for (size_t i = 0; i < n_event; i++)
		n += event[i].account == account && !event[i].deleted &&
		     strcmp(event[i].order_id, order_id) == 0 &&
		     strcmp(profile[event[i].profile].email, email) != 0;
	return n;
}

size_t klaviyo_event_total(int account)
{
	size_t n = 0;

	for (size_t i = 0; i < n_event; i++)
		n += event[i].account == account && !event[i].deleted;
	return n;
}

/* ---- profiles ---- */

/* "P3"; NULL if there is none. */
static struct profile *profile_by_id(int account, struct str id)
{
	int64_t number = 0;

	if (!str_starts(id, STR("P")) || !str_to_int64(str_skip(id, 1), &number) || number < 0 ||
	    (size_t)number >= n_profile || profile[number].account != account ||
	    profile[number].deleted_ms > 0)
		return NULL;
	return &profile[number];
}

/* What the row is about; NULL: there is no such profile, or another one has the address. */
static struct profile *profile_meant(int account, const struct json *row, int *status)
{
	struct str id = json_get_text(row, "id");
	struct str email = json_get_text(json_get(row, "attributes"), "email");
	struct profile *named, *other = profile_find(account, email);

	*status = 201;
	if (id.len == 0)
		return profile_get(account, email);
	named = profile_by_id(account, id);
	if (!named || (other && other != named)) {
		*status = named ? 409 : 404;
		return NULL;
	}
	if (!other) {
		sim_trace("klaviyo: %d %s is %.*s now", account, named->email, STR_ARG(email));
		mem_free(named->email);
		named->email = klaviyo_text(email);
	}
	return named;
}

struct str people_import(int account, const struct json *row, int *status)
{
	struct profile *one = profile_meant(account, row, status);
	struct str name = json_get_text(json_get(row, "attributes"), "first_name");

	if (!one)
		return *status == 409 ? STR("A profile already exists with one of these identifiers.")
				      : STR("There is no such profile.");
	sim_trace("klaviyo: %d profile %.*s of %s", account, STR_ARG(name), one->email);
	if (name.len > 0)
		(void)snprintf(one->first_name, sizeof(one->first_name), "%.*s", STR_ARG(name));
	return STR("");
}

void people_visit_profile(struct visit *visit)
{
	int status;
	struct str wrong = people_import(visit->account, json_get(visit->body, "data"), &status);

	if (wrong.len > 0) {
		visit_error(visit, status, status == 409 ? "duplicate_profile" : "not_found", NULL, wrong);
		return;
	}
	visit->answer->status = status;
	visit->answer->body = STR("{\"data\":{\"type\":\"profile\",\"id\":\"x\"}}");
}

/* "equals(email,"X")" */
static void visit_found(struct visit *visit, struct str filter)
{
	struct str quoted = str_skip(filter, sizeof("equals(email,\"") - 1);
	const struct profile *one =
		profile_find(visit->account, str_of(quoted.p, str_find_char(quoted, '"')));

	visit->answer->status = 200;
	visit->answer->body = STR("{\"data\":[],\"links\":{\"next\":null}}");
	if (one)
		visit->answer->body = arena_printf(visit->arena,
						   "{\"data\":[{\"type\":\"profile\",\"id\":\"P%zu\","
						   "\"attributes\":{}}],\"links\":{\"next\":null}}",
						   (size_t)(one - profile));
}

const char *klaviyo_first_name(int account, const char *email)
{
	const struct profile *one = profile_find(account, str_from(email));

	return one ? one->first_name : NULL;
}

/* ---- consent ---- */

/* They left here; since then they have not said yes anywhere. */
static void check_return(const struct visit *visit, const struct profile *one)
{
	const struct wire_request *request = visit->request;
	bool knew;

	if (!one->by_themselves || one->suppressed_ms == 0 || shop_yes_ms(one->email) > one->suppressed_ms)
		return;
	knew = one->suppressed_ms < SIM_START_MS + node_started_ms() ||
	       (one->told_ms > 0 && request->sent_ms > one->told_ms + HEED_MS);
	if (knew)
		sim_fail("G3", "%s left Klaviyo after %lld ms and was subscribed again by us", one->email,
			 (long long)(one->suppressed_ms - SIM_START_MS));
}

static void change_consent(struct visit *visit, struct profile *one, bool subscribe)
{
	sim_trace("klaviyo: %d consent %d of %s", visit->account, subscribe, one->email);
	if (subscribe) {
		check_return(visit, one);
		one->consent = CONSENT_YES;
		one->suppressed_ms = 0;
		one->by_themselves = false;
		one->told_ms = 0;
		return;
	}
	one->consent = CONSENT_NO;
	if (one->suppressed_ms == 0)
		one->suppressed_ms = sim_wall_ms();
}

static bool list_is_there(struct str id)
{
	int64_t number = 0;

	return str_starts(id, STR("L")) && str_to_int64(str_skip(id, 1), &number) && number >= 1 &&
	       (size_t)number <= n_list;
}

void people_visit_consent(struct visit *visit, bool subscribe)
{
	const struct json *data = json_get(visit->body, "data");
	const struct json *rows = json_get(json_get(json_get(data, "attributes"), "profiles"), "data");
	struct str to =
		json_get_text(json_get(json_get(json_get(data, "relationships"), "list"), "data"), "id");

	if (!list_is_there(to)) {
		sim_fail("shape", "a consent to a list that is not there");
		return;
	}
	for (size_t i = 0; i < json_len(rows); i++)
		change_consent(visit,
			       profile_get(visit->account,
					   json_get_text(json_get(json_at(rows, i), "attributes"), "email")),
			       subscribe);
	visit->answer->status = 202;
}

enum klaviyo_consent klaviyo_consent_of(int account, const char *email, int64_t *suppressed_ms)
{
	const struct profile *one = profile_find(account, str_from(email));

	*suppressed_ms = one ? one->suppressed_ms : 0;
	return one ? one->consent : CONSENT_NEVER;
}

void klaviyo_opt_out(int account, const char *email)
{
	struct profile *one;

	/* Whoever was deleted, or is not known here yet, has no mail of theirs to leave by. */
	if (!profile_find(account, str_from(email)) &&
	    (klaviyo_deleted_ms(account, email) > 0 || moves_happen()))
		return;
	one = profile_get(account, str_from(email));
	if (one->suppressed_ms > 0)
		return;
	sim_trace("klaviyo: %d %s leaves", account, email);
	sim.n_hit[OPTION_opt_outs]++;
	one->suppressed_ms = sim_wall_ms();
	one->consent = CONSENT_NO;
	one->by_themselves = true;
	one->told_ms = 0;
}

/* ---- who has left ---- */

/* "greater-than(...timestamp,TIME)" */
static int64_t since_of(struct str query, struct arena *arena)
{
	struct str filter = { 0 };
	int64_t since_ms = 0;
	size_t at;

	(void)url_query(query, "filter", arena, &filter);
	at = str_find_char(filter, ',');
	filter = str_skip(filter, at + 1);
	if (!time_parse_rfc3339(str_of(filter.p, str_find_char(filter, ')')), &since_ms))
		sim_fail("shape", "opt-outs since '%.*s'", STR_ARG(filter));
	return since_ms;
}

static bool is_shown(const struct profile *one)
{
	return one->deleted_ms == 0 || sim.now_ms < one->gone_ms;
}

static const struct profile *next_suppressed(int account, int64_t after_ms, size_t *place)
{
	const struct profile *best = NULL;

	for (size_t i = 0; i < n_profile; i++)
		if (profile[i].account == account && is_shown(&profile[i]) &&
		    profile[i].suppressed_ms > after_ms &&
		    (!best || profile[i].suppressed_ms < best->suppressed_ms))
			best = &profile[i];
	*place += best != NULL;
	return best;
}

static void put_optout(const struct profile *one, struct strbuf *out)
{
	strbuf_addf(out,
		    "{\"type\":\"profile\",\"id\":\"x\",\"attributes\":{\"email\":\"%s\",\"subscriptions\":{"
		    "\"email\":{"
		    "\"marketing\":{\"suppression\":[{\"reason\":\"UNSUBSCRIBE\",\"timestamp\":\"",
		    one->email);
	time_format_rfc3339(one->suppressed_ms, out);
	strbuf_add_text(out, "\"}]}}}}}");
}

/* Pages end between two times: a cursor is the last time of the page before. */
static void visit_optouts(struct visit *visit)
{
	int64_t after_ms = since_of(visit->request->query, visit->arena);
	const struct profile *one;
	struct strbuf out;
	size_t n = 0;

	strbuf_init(&out, 1 << 20);
	strbuf_add_text(&out, "{\"data\":[");
	while (n < OPTOUTS_PAGE && (one = next_suppressed(visit->account, after_ms, &n))) {
		strbuf_add_text(&out, n > 1 ? "," : "");
		put_optout(one, &out);
		after_ms = one->suppressed_ms;
	}
	strbuf_add_text(&out, "],\"links\":{\"next\":");
	if (n == OPTOUTS_PAGE) {
		strbuf_add_text(&out, "\"https://a.klaviyo.com/api/profiles?filter=x%2C");
		time_format_rfc3339(after_ms, &out);
		strbuf_add_text(&out, "%29\"}}");
	} else {
		strbuf_add_text(&out, "null}}");
	}
	visit->answer->status = 200;
	visit->answer->body = arena_dup(visit->arena, strbuf_str(&out));
	strbuf_release(&out);
}

void people_visit_profiles(struct visit *visit)
{
	struct str filter = { 0 };

	(void)url_query(visit->request->query, "filter", visit->arena, &filter);
	if (str_starts(filter, STR("equals(email,\"")))
		visit_found(visit, filter);
	else
		visit_optouts(visit);
}

void people_heard_optouts(int account, struct str body)
{
	struct json *page = NULL;
	const struct json *data;

	if (!json_parse(body, &page, NULL))
		return;
	data = json_get(page, "data");
	for (size_t i = 0; i < json_len(data); i++) {
		struct profile *one = profile_find(
			account, json_get_text(json_get(json_at(data, i), "attributes"), "email"));

		if (one && one->told_ms == 0)
			one->told_ms = sim.now_ms;
	}
	json_free(page);
}

/* ---- deletion ---- */

/* Exactly one identifier; we have e-mail addresses only. */
static struct str whom(const struct visit *visit)
{
	const struct json *data = json_get(visit->body, "data");
	const struct json *named = json_get(json_get(json_get(data, "attributes"), "profile"), "data");
	const struct json *attributes = json_get(named, "attributes");
	struct str email = json_get_text(attributes, "email");

	if (!str_eq(json_get_text(data, "type"), STR("data-privacy-deletion-job")) ||
	    !str_eq(json_get_text(named, "type"), STR("profile")) || json_len(attributes) != 1 ||
	    email.len == 0)
		sim_fail("shape", "a deletion of nobody");
	return email;
}

/* What is there now goes, after a while; what comes later is somebody new. */
static void delete_profile(struct profile *one)
{
	one->deleted_ms = sim_wall_ms();
	one->gone_ms = sim.now_ms + sim_draw(OPTION_erased, 1, GONE_MAX_MS);
	for (size_t i = 0; i < n_event; i++)
		if (&profile[event[i].profile] == one)
			event[i].deleted = true;
}

void people_visit_deletion(struct visit *visit)
{
	struct str email = whom(visit);

	sim_trace("klaviyo: %d deletes %.*s", visit->account, STR_ARG(email));
	if (email.len > 0)
		delete_profile(profile_get(visit->account, email));
	visit->answer->status = 202;
}

int64_t klaviyo_deleted_ms(int account, const char *email)
{
	int64_t newest_ms = 0;

	for (size_t i = 0; i < n_profile; i++)
		if (profile[i].account == account && strcmp(profile[i].email, email) == 0 &&
		    profile[i].deleted_ms > newest_ms)
			newest_ms = profile[i].deleted_ms;
	return newest_ms;
}

int64_t klaviyo_left_ms(int account, const char *email)
{
	int64_t newest_ms = 0;

	for (size_t i = 0; i < n_profile; i++)
		if (profile[i].account == account && strcmp(profile[i].email, email) == 0 &&
		    profile[i].by_themselves && profile[i].suppressed_ms > newest_ms)
			newest_ms = profile[i].suppressed_ms;
	return newest_ms;
}

/* ---- lists ---- */

void people_visit_lists(struct visit *visit)
{
	struct str name = json_get_text(json_get(json_get(visit->body, "data"), "attributes"), "name");
	struct strbuf out;

	if (strcmp(visit->request->method, "POST") == 0) {
		if (n_list < LISTS_MAX)
			list[n_list++] = klaviyo_text(name);
		visit->answer->status = 201;
		visit->answer->body =
			arena_printf(visit->arena,
				     "{\"data\":{\"type\":\"list\",\"id\":\"L%zu\",\"attributes\":{"
				     "\"name\":\"%.*s\"}}}",
				     n_list, STR_ARG(name));
		return;
	}
	strbuf_init(&out, 1 << 20);
	strbuf_add_text(&out, "{\"data\":[");
	for (size_t i = 0; i < n_list; i++)
		strbuf_addf(&out, "%s{\"type\":\"list\",\"id\":\"L%zu\",\"attributes\":{\"name\":\"%s\"}}",
			    i > 0 ? "," : "", i + 1, list[i]);
	strbuf_add_text(&out, "],\"links\":{\"next\":null}}");
	visit->answer->status = 200;
	visit->answer->body = arena_dup(visit->arena, strbuf_str(&out));
	strbuf_release(&out);
}
