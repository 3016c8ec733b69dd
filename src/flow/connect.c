/*
 * Connect: tokens of accounts that are connected by OAuth.
 *
 * Does:    ask for newer ones in time, and at once when deliver was refused with those there are; say what a
 *          person has to do when Klaviyo has ended the connection.
 * Doesn't: send anything else (deliver), know screens (admin).
 * Keeps:   a token is in the database before it is used. One request for tokens at a time. What was refused
 *          is not asked again: it is known by the moment its token was got.
 * Threads: connect_run_once on its role's; connect_ask and connect_trouble on any.
 */
#include "flow/connect.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/mutant.h"
#include "base/utf8.h"
#include "flow/health.h"
#include "net/oauth.h"

#include <string.h>

#define CURSOR	       STR("oauth")
#define LOOK_MS	       1000
#define TIMEOUT_MS     15000
#define BACKOFF_MS     5000
#define BACKOFF_MAX_MS (10 * MS_PER_MIN)
#define TROUBLE_MAX    600

/* How renewing one account went; forgotten with the process. */
struct renewal {
	int64_t account_id;
	int64_t not_before_ms; /* monotonic */
	int64_t backoff_ms;
	bool told_no_app;
};

struct connect {
	struct flow_ctx *ctx;
	struct http_client *client;
	const struct klaviyo_app *app;
	struct renewal *renewal;
	size_t n_renewal;
};

struct connect *connect_new(struct flow_ctx *ctx, struct http_client *client, const struct klaviyo_app *app)
{
	struct connect *connect = mem_zalloc(1, sizeof(*connect));

	connect->ctx = ctx;
	connect->client = client;
	connect->app = app;
	return connect;
}

void connect_free(struct connect *connect)
{
	if (!connect)
		return;
	mem_free(connect->renewal);
	mem_free(connect);
}

/* ---- asking ---- */

struct asking {
	struct arena *arena;
	bool done;
	bool ok;
	int status;
	struct str body;
	struct str error;
};

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct asking *asking = arg;

	asking->done = true;
	asking->ok = answer->ok;
	asking->status = answer->status;
	asking->body = arena_dup(asking->arena, answer->body);
	asking->error = arena_dup(asking->arena, str_from(answer->error));
}

/* 400 and 401 with an error of RFC 6749 are for good; all else may be a firewall, a bad day, a limit. */
static bool refuse(const struct asking *asking, struct err *err)
{
	struct str said = oauth_read_error(asking->body, asking->arena);

	if (!asking->ok)
		return err_set(err, ERR_UNREACHABLE, "no answer to the request for a token: %.*s",
			       STR_ARG(asking->error));
	if (said.len > 0 && (asking->status == 400 || asking->status == 401))
		return err_set(err, ERR_DENIED, "Klaviyo says %.*s", STR_ARG(said));
	return err_set(err, ERR_UNREACHABLE, "the request for a token was answered with %d", asking->status);
}

bool connect_ask(struct http_client *client, const struct klaviyo_token_request *request, int64_t now_ms,
		 struct arena *arena, struct settings_token *out, struct err *err)
{
	struct asking asking = { .arena = arena };
	struct http_call call = { .method = "POST",
				  .url = request->url,
				  .header = request->header,
				  .n_header = request->n_header,
				  .body = request->body,
				  .timeout_ms = TIMEOUT_MS };
	struct oauth_token token;

	if (!http_client_start(client, &call, take_answer, &asking, err))
		return false;
	while (!asking.done)
		(void)http_client_run(client, LOOK_MS);
	if (!asking.ok || asking.status != 200)
		return refuse(&asking, err);
	if (!oauth_read_token(asking.body, now_ms, arena, &token, err))
		return false;
	*out = (struct settings_token){ .access = token.access,
					.refresh = token.refresh,
					.since_ms = now_ms,
					.until_ms = token.until_ms };
	return true;
}

/* ---- what a person is told: "SINCE WHY" ---- */

static bool note(struct connect *connect, const struct settings_account *account, const char *why,
		 struct err *err)
{
	struct audit_row row = { .code = AUDIT_ACCOUNT_STOPPED, .account_id = account->id };
	int64_t now_ms = clock_wall_ms(connect->ctx->clock);
	struct arena arena;
	struct str text;
	bool ok;

	arena_init(&arena);
	text = utf8_cut(arena_printf(&arena, "%lld %s", (long long)account->token.since_ms, why),
			TROUBLE_MAX);
	row.at_ms = now_ms;
	row.reason = arena_printf(&arena, "its connection cannot be renewed: %s", why);
	ok = db_cursor_put(connect->ctx->db, now_ms, account->id, CURSOR, text, err) &&
	     db_audit_append(connect->ctx->db, &row, 1, err);
	arena_release(&arena);
	log_warn("connect", "account=%.*s its token cannot be renewed", STR_ARG(account->name));
	return ok || err_wrap(err, "say that a connection has ended");
}

bool connect_trouble(struct db *db, const struct settings_account *account, struct arena *arena,
		     struct str *why, struct err *err)
{
	struct str text, since;
	int64_t since_ms;

	*why = STR("");
	if (!account->oauth)
		return true;
	if (!db_cursor_get(db, account->id, CURSOR, arena, &text, err))
		return false;
	if (str_split(&text, ' ', &since) && str_to_int64(since, &since_ms) &&
	    since_ms == account->token.since_ms)
		*why = text;
	return true;
}

/* ---- renewing ---- */

static struct renewal *renewal_of(struct connect *connect, int64_t account_id)
{
	for (size_t i = 0; i < connect->n_renewal; i++)
		if (connect->renewal[i].account_id == account_id)
			return &connect->renewal[i];
	connect->renewal = mem_resize(connect->renewal, (connect->n_renewal + 1) * sizeof(*connect->renewal));
	connect->renewal[connect->n_renewal] = (struct renewal){ .account_id = account_id };
	return &connect->renewal[connect->n_renewal++];
}

static bool ends_soon(const struct settings_token *token, int64_t now_ms)
{
	return now_ms >= token->until_ms - (token->until_ms - token->since_ms) / 6;
}

/* ends: it is due by the clock. */
static bool is_due(struct connect *connect, const struct settings_account *account, bool ends,
		   struct arena *arena, bool *due, struct err *err)
{
	int64_t refused_ms = 0;
	struct str why = STR("");
	bool ok = ends || health_refused(connect->ctx->db, account->id, &refused_ms, err);

	*due = ends || (ok && refused_ms == account->token.since_ms && !mutant_is(MUTANT_refusal_unheeded));
	if (ok && *due)
		ok = connect_trouble(connect->ctx->db, account, arena, &why, err);
	*due = ok && *due && why.len == 0;
	return ok;
}

/*
 * The next time is later, and later, until a token is as it should be: answers may fail to come, or to be
 * kept, or hold tokens that are refused as well.
 */
static void wait_longer(struct connect *connect, struct renewal *renewal)
{
	renewal->backoff_ms = renewal->backoff_ms ? 2 * renewal->backoff_ms : BACKOFF_MS;
	if (renewal->backoff_ms > BACKOFF_MAX_MS)
		renewal->backoff_ms = BACKOFF_MAX_MS;
	renewal->not_before_ms = clock_mono_ms(connect->ctx->clock) + renewal->backoff_ms;
}

/* *renewed: there is another one, and it is kept. */
static bool renew(struct connect *connect, const struct settings_account *account, struct arena *arena,
		  bool *renewed, struct err *err)
{
	struct klaviyo_token_request request =
		klaviyo_token_for_refresh(connect->app, setting_text(account->value, SETTING_KEY_api_url),
					  account->token.refresh, arena);
	int64_t now_ms = clock_wall_ms(connect->ctx->clock);
	struct settings_token token;
	struct err why;

	if (!connect_ask(connect->client, &request, now_ms, arena, &token, &why)) {
		if (why.code == ERR_DENIED)
			return note(connect, account, why.msg, err);
		log_warn("connect", "account=%.*s token not renewed yet: %s", STR_ARG(account->name),
			 why.msg);
		return true;
	}
	if (token.refresh.len == 0 && !mutant_is(MUTANT_refresh_dropped))
		token.refresh = account->token.refresh;
	/* An account that was removed, or given a key, meanwhile: nothing to renew any more. */
	*renewed = settings_account_renew(connect->ctx->settings, account->name, &token, now_ms, err);
	return *renewed || err->code == ERR_NOT_FOUND;
}

static void miss_app(const struct settings_account *account, struct renewal *renewal)
{
	if (!renewal->told_no_app)
		log_warn("connect",
			 "account=%.*s needs a newer token, but no app is set (--klaviyo-client-id)",
			 STR_ARG(account->name));
	renewal->told_no_app = true;
}

static bool look_at(struct connect *connect, const struct settings_account *account, struct arena *arena,
		    struct err *err)
{
	bool ends = ends_soon(&account->token, clock_wall_ms(connect->ctx->clock));
	bool due, renewed = false, ok = true;
	struct renewal *renewal;

	if (!account->oauth || account->broken)
		return true;
	renewal = renewal_of(connect, account->id);
	if (clock_mono_ms(connect->ctx->clock) < renewal->not_before_ms)
		return true;
	if (!is_due(connect, account, ends, arena, &due, err))
		return false;
	if (due)
		wait_longer(connect, renewal);
	if (due && connect->app->client_id.len > 0)
		ok = renew(connect, account, arena, &renewed, err);
	else if (due)
		miss_app(account, renewal);
	if (!due || (renewed && ends))
		renewal->backoff_ms = 0;
	return ok;
}

bool connect_run_once(struct connect *connect, int64_t *wait_ms, struct err *err)
{
	const struct snapshot *snapshot;
	struct arena arena;
	bool ok = settings_refresh(connect->ctx->settings, NULL, err);

	*wait_ms = LOOK_MS;
	if (!ok)
		return false;
	arena_init(&arena);
	snapshot = settings_take(connect->ctx->settings);
	for (size_t i = 0; ok && i < snapshot->n_account; i++) {
		ok = look_at(connect, &snapshot->account[i], &arena, err);
		arena_reset(&arena);
	}
	settings_release(connect->ctx->settings, snapshot);
	arena_release(&arena);
	return ok;
}
