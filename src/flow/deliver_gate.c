/*
 * Gates: who may send now, and who may not because Klaviyo is ill or does not let us in.
 *
 * Does:    three breakers stand before each request: of Klaviyo (an outage: several accounts get no
 *          answer), of the account (its key), of the account's API family (a missing scope, an API that is
 *          down). After an outage the accounts of a server begin again little by little: 1, 2, 4, ... a
 *          second.
 * Keeps:   each change is audited once, and told to status (flow/health.h). A breaker that is open lets one
 *          request through as a probe, no more.
 * Threads: the deliver role's; deliver_gate_heed runs inside http_client_run.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "flow/health.h"

#include <stdio.h>

/* An outage: so many accounts, and half of those that were answered within the last minute. */
#define OUTAGE_ACCOUNTS_MIN 2
#define ACTIVE_MS	    (60 * MS_PER_S)

/* ---- servers ---- */

struct deliver_server *deliver_server_get(struct deliver *deliver, struct str api_url)
{
	struct digest16 key = digest16_of(&api_url, 1);
	struct deliver_server *server;

	for (server = deliver->server; server; server = server->next)
		if (digest16_eq(server->key, key))
			return server;
	server = mem_zalloc(1, sizeof(*server));
	server->key = key;
	server->next = deliver->server;
	deliver->server = server;
	return server;
}

/* ---- passing ---- */

static struct deliver_gate *gate_of(struct deliver_account *account, enum api_family family, int place)
{
	if (place == 0)
		return &account->server->gate;
	return place == 1 ? &account->gate : &account->family[family];
}

/* The probe of an outage is whoever comes first, however ill its own family is. */
static bool is_passed_over(const struct deliver_account *account, const struct deliver_gate *gate,
			   bool outage)
{
	return outage && gate != &account->gate && gate->breaker.state == BREAKER_OPEN;
}

bool deliver_gate_passes(struct deliver *deliver, struct deliver_account *account, enum api_family family,
			 bool *probe)
{
	bool outage = false;

	*probe = false;
	if (!account->known)
		return false;
	if (deliver->now_ms < account->resume_at_ms) {
		deliver_wake_at(deliver, account->resume_at_ms);
		return false;
	}
	for (int place = 0; place < 3; place++) {
		struct deliver_gate *gate = gate_of(account, family, place);
		enum breaker_pass pass = breaker_pass(&gate->breaker, deliver->now_ms);

		if (pass == BREAKER_PASS_ALL || is_passed_over(account, gate, outage))
			continue;
		if (pass == BREAKER_PASS_NONE) {
			deliver_wake_at(deliver, gate->breaker.until_ms);
			return false;
		}
		if (gate->n_in_flight > 0)
			return false;
		*probe = true;
		outage |= place == 0;
	}
	return true;
}

void deliver_gate_count(struct deliver_account *account, enum api_family family, int n)
{
	for (int place = 0; place < 3; place++)
		gate_of(account, family, place)->n_in_flight += n;
}

/* ---- what is told ---- */

/* what: "" for the account itself. */
static void note(struct deliver *deliver, int64_t account_id, const char *name, bool stopped,
		 const char *what, const char *text, struct str reason)
{
	struct deliver_notice *notice = mem_zalloc(1, sizeof(*notice)), **end = &deliver->notice;
	char line[500];

	(void)snprintf(line, sizeof(line), "%s%s%s%s%.*s", what, what[0] ? ": " : "", text,
		       reason.len > 0 ? ": " : "", STR_ARG(reason));
	notice->account_id = account_id;
	notice->stopped = stopped;
	notice->text = mem_strdup(line);
	while (*end)
		end = &(*end)->next;
	*end = notice;
	if (stopped)
		log_warn("deliver", "account=%s stopped, %s", name, line);
	else
		log_info("deliver", "account=%s %s", name, line);
}

static void stopped(struct deliver *deliver, struct deliver_account *account, struct deliver_gate *gate,
		    const char *what, const char *text, struct str reason)
{
	gate->since_wall_ms = clock_wall_ms(deliver->ctx->clock);
	(void)snprintf(gate->reason, sizeof(gate->reason), "%s%s%.*s", text, reason.len > 0 ? ": " : "",
		       STR_ARG(reason));
	note(deliver, account->id, account->name, true, what, text, reason);
}

/* ---- outages ---- */

static bool is_ill(const struct deliver_account *account)
{
	for (enum api_family family = 0; family < API_FAMILY_COUNT; family++)
		if (account->family[family].breaker.state == BREAKER_OPEN)
			return true;
	return false;
}

static void tell_all(struct deliver *deliver, const struct deliver_server *server)
{
	for (size_t i = 0; i < deliver->n_account; i++)
		if (deliver->account[i]->server == server)
			deliver->account[i]->health_stale = true;
}

/* One more account gets no answer: is it Klaviyo itself? */
static void judge_server(struct deliver *deliver, struct deliver_server *server, int64_t now_ms)
{
	size_t n_ill = 0, n_active = 0;
	char reason[80];

	for (size_t i = 0; i < deliver->n_account; i++) {
		const struct deliver_account *account = deliver->account[i];
		bool ill = account->server == server && is_ill(account);

		n_ill += ill;
		n_active += ill || (account->server == server && account->heard_at_ms != 0 &&
				    now_ms - account->heard_at_ms < ACTIVE_MS);
	}
	if (n_ill < OUTAGE_ACCOUNTS_MIN || n_ill * 2 < n_active ||
	    !breaker_outage(&server->gate.breaker, now_ms, deliver->ctx->rand))
		return;
	counter_add(COUNTER_klaviyo_outages, 1);
	server->gate.since_wall_ms = clock_wall_ms(deliver->ctx->clock);
	(void)snprintf(reason, sizeof(reason), "%zu of %zu accounts got no usable response", n_ill, n_active);
	(void)snprintf(server->gate.reason, sizeof(server->gate.reason), "%s", reason);
	note(deliver, 0, "(all)", true, "Klaviyo is down", reason, (struct str){ 0 });
	tell_all(deliver, server);
}

/* 1 account in the first second, then 2, then 4, ... */
static int64_t slow_start_ms(size_t rank)
{
	int64_t ms = 0;

	for (size_t done = 1; done <= rank; done = done * 2 + 1)
		ms += MS_PER_S;
	return ms;
}

static void end_outage(struct deliver *deliver, struct deliver_server *server, int64_t now_ms)
{
	size_t rank = 0;

	if (!breaker_succeeded(&server->gate.breaker))
		return;
	note(deliver, 0, "(all)", false, "Klaviyo responds again", "accounts go on one after the other",
	     (struct str){ 0 });
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];

		if (account->server != server)
			continue;
		account->resume_at_ms = now_ms + slow_start_ms(rank++);
		for (enum api_family family = 0; family < API_FAMILY_COUNT; family++)
			if (account->family[family].breaker.state == BREAKER_OPEN)
				breaker_probe_at(&account->family[family].breaker, account->resume_at_ms);
	}
	tell_all(deliver, server);
}

/* ---- answers ---- */

/* Of what is to be tried again only this says that Klaviyo is ill; a 404 for want of an item does not. */
static bool is_failure(const struct klaviyo_verdict *verdict, int http_status)
{
	return verdict->outcome == OUTCOME_RETRY &&
	       (http_status < 400 || http_status >= 500 || http_status == 403 || http_status == 408);
}

static void heed_failure(struct deliver *deliver, struct deliver_account *account, enum api_family family,
			 struct str reason, int64_t now_ms)
{
	struct deliver_gate *gate = &account->family[family];

	counter_add(COUNTER_klaviyo_errors, 1);
	if (account->server->gate.breaker.state == BREAKER_OUTAGE)
		(void)breaker_failed(&account->server->gate.breaker, now_ms, deliver->ctx->rand);
	if (!breaker_failed(&gate->breaker, now_ms, deliver->ctx->rand))
		return;
	stopped(deliver, account, gate, api_family_row(family)->name,
		"no usable response from Klaviyo, 3 times in a row", reason);
	judge_server(deliver, account->server, now_ms);
}

static void heed_refusal(struct deliver *deliver, struct deliver_account *account, enum api_family family,
			 struct str reason, int64_t now_ms)
{
	struct deliver_gate *gate = &account->family[family];
	const struct api_family_row *row = api_family_row(family);
	char text[120];

	if (!breaker_blocked(&gate->breaker, now_ms, deliver->ctx->rand))
		return;
	(void)snprintf(text, sizeof(text), "the key may not do this (it needs %s)", row->scopes);
	stopped(deliver, account, gate, row->name, text, reason);
}

/* Any answer proves that the server is there, and any but a refusal of the key that it lets us in. */
static void heed_success(struct deliver *deliver, struct deliver_account *account, struct deliver_gate *gate,
			 const char *what)
{
	bool changed = breaker_succeeded(&gate->breaker);

	account->health_stale |= changed;
	if (changed)
		note(deliver, account->id, account->name, false, what, "goes on", (struct str){ 0 });
}

void deliver_gate_heed(const struct deliver_send *send, const struct klaviyo_verdict *verdict)
{
	struct deliver *deliver = send->deliver;
	struct deliver_account *account = send->account;
	enum api_family family = endpoint_row(send->endpoint)->family;
	int64_t now_ms = clock_mono_ms(deliver->ctx->clock);

	if (is_failure(verdict, send->http_status)) {
		account->health_stale = true;
		heed_failure(deliver, account, family, verdict->reason, now_ms);
		return;
	}
	account->heard_at_ms = now_ms;
	end_outage(deliver, account->server, now_ms);
	if (verdict->outcome == OUTCOME_BLOCKED) {
		account->health_stale = true;
		account->refused_ms = send->token_ms;
		if (breaker_blocked(&account->gate.breaker, now_ms, deliver->ctx->rand))
			stopped(deliver, account, &account->gate, "", "Klaviyo denies access",
				verdict->reason);
		return;
	}
	heed_success(deliver, account, &account->gate, "");
	if (verdict->outcome == OUTCOME_FORBIDDEN) {
		account->health_stale = true;
		heed_refusal(deliver, account, family, verdict->reason, now_ms);
		return;
	}
	heed_success(deliver, account, &account->family[family], api_family_row(family)->name);
}

void deliver_gate_retry(struct deliver *deliver, struct deliver_account *account)
{
	breaker_probe_at(&account->gate.breaker, deliver->now_ms);
	for (enum api_family family = 0; family < API_FAMILY_COUNT; family++)
		breaker_probe_at(&account->family[family].breaker, deliver->now_ms);
}

/* ---- in the store ---- */

static void add_stop(const struct deliver *deliver, const struct deliver_gate *gate, const char *what,
		     struct health_stop *stop, size_t *n)
{
	if (gate->breaker.state == BREAKER_CLOSED)
		return;
	stop[(*n)++] = (struct health_stop){
		.what = str_from(what),
		.state = gate->breaker.state,
		.since_ms = gate->since_wall_ms,
		.until_ms = deliver->now_wall_ms + (gate->breaker.until_ms - deliver->now_ms),
		.reason = str_from(gate->reason),
	};
}

/* To connect, which gets another one. */
static bool tell_refused(struct deliver *deliver, struct deliver_account *account, struct err *err)
{
	if (account->refused_ms == 0)
		return true;
	if (!health_refuse(deliver->ctx->db, deliver->now_wall_ms, account->id, account->refused_ms, err))
		return false;
	account->refused_ms = 0;
	return true;
}

static bool write_health(struct deliver *deliver, struct deliver_account *account, struct err *err)
{
	struct health_stop stop[API_FAMILY_COUNT + 2];
	size_t n = 0;

	add_stop(deliver, &account->server->gate, "Klaviyo", stop, &n);
	add_stop(deliver, &account->gate, "account", stop, &n);
	for (enum api_family family = 0; family < API_FAMILY_COUNT; family++)
		add_stop(deliver, &account->family[family], api_family_row(family)->name, stop, &n);
	if (n == 0 && !account->health_told)
		return true;
	if (!health_put(deliver->ctx->db, deliver->now_wall_ms, account->id, stop, n, err))
		return false;
	account->health_told = n > 0;
	return tell_refused(deliver, account, err);
}

static bool write_notice(struct deliver *deliver, const struct deliver_notice *notice, struct err *err)
{
	struct audit_row row = {
		.at_ms = deliver->now_wall_ms,
		.code = notice->stopped ? AUDIT_ACCOUNT_STOPPED : AUDIT_ACCOUNT_RESUMED,
		.account_id = notice->account_id,
		.reason = str_from(notice->text),
	};

	return db_audit_append(deliver->ctx->db, &row, 1, err) || err_wrap(err, "audit of what is stopped");
}

static void drop_notice(struct deliver *deliver)
{
	struct deliver_notice *notice = deliver->notice;

	deliver->notice = notice->next;
	mem_free(notice->text);
	mem_free(notice);
}

bool deliver_gates_write(struct deliver *deliver, struct err *err)
{
	while (deliver->notice) {
		if (!write_notice(deliver, deliver->notice, err))
			return false;
		drop_notice(deliver);
	}
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];

		if (!account->health_stale)
			continue;
		if (!write_health(deliver, account, err))
			return false;
		account->health_stale = false;
	}
	return true;
}

/* What an earlier process said to be stopped is not known to be: it is tried. */
bool deliver_gates_open(struct deliver *deliver, struct err *err)
{
	return health_forget(deliver->ctx->db, deliver->now_wall_ms, err);
}

void deliver_gates_free(struct deliver *deliver)
{
	while (deliver->notice)
		drop_notice(deliver);
	while (deliver->server) {
		struct deliver_server *server = deliver->server;

		deliver->server = server->next;
		mem_free(server);
	}
}
