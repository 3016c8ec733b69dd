/*
 * The door of a virtual Klaviyo where tokens are given.
 *
 * Keeps:   of an account every token that was given is good until its own end, as Klaviyo has it.
 */
#include "sim/token.h"

#include "base/alloc.h"
#include "sim/disk.h"
#include "sim/node.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNTS_MAX	4
#define TOKENS_MAX	4096
#define LATER_S		(INT64_C(30) * 24 * 3600)
#define GIVE_UP_MS	1000 /* so long nobody answers; other roles stand still meanwhile */
#define ASKED_MAX	12   /* within... */
#define ASKED_WITHIN_MS MS_PER_MIN

static struct {
	int64_t end_ms[TOKENS_MAX];
	int n;
	int64_t asked_ms[ASKED_MAX]; /* the last times, in a ring */
	int n_asked;
} account[ACCOUNTS_MAX];

bool tokens_are_wanted(void)
{
	return sim_option(OPTION_oauth) > 0;
}

const struct klaviyo_app *token_app(void)
{
	static const struct klaviyo_app app = { STR_INIT("app"), STR_INIT(NODE_APP_SECRET) };

	return &app;
}

/* ---- tokens ---- */

/* The number of the new one. */
static int give(int number)
{
	int n = account[number].n++;

	if (n >= TOKENS_MAX) {
		sim_fail("tokens", "account %d asked for %d tokens", number, n);
		return 0;
	}
	account[number].end_ms[n] = sim.now_ms + sim_option(OPTION_oauth) * 1000;
	return n;
}

/* What Klaviyo says of it: as it is, or much longer; then it was taken back. */
static int64_t said_s(void)
{
	return sim_chance(OPTION_oauth, 500) ? LATER_S : sim_option(OPTION_oauth);
}

static struct str access_text(int number, int n, struct arena *arena)
{
	return arena_printf(arena, NODE_TOKEN_PREFIX "%d_%d", number, n);
}

static struct str refresh_text(int number, struct arena *arena)
{
	return arena_printf(arena, NODE_REFRESH_PREFIX "%d", number);
}

void tokens_open(void)
{
	memset(account, 0, sizeof(account));
}

struct settings_token token_first(int number, struct arena *arena)
{
	return (struct settings_token){
		.access = access_text(number, give(number), arena),
		.refresh = refresh_text(number, arena),
		.since_ms = SIM_START_MS,
		.until_ms = SIM_START_MS + said_s() * 1000,
	};
}

static bool read_token(struct str text, int64_t *number, int64_t *n)
{
	struct str rest = str_skip(text, sizeof(NODE_TOKEN_PREFIX) - 1), first;

	return str_starts(text, STR(NODE_TOKEN_PREFIX)) && str_split(&rest, '_', &first) &&
	       str_to_int64(first, number) && str_to_int64(rest, n) && *number >= 0 &&
	       *number < ACCOUNTS_MAX && *n >= 0 && *n < account[*number].n;
}

int token_account(struct str access)
{
	int64_t number, n;

	return read_token(access, &number, &n) ? (int)number : -1;
}

bool token_has_ended(struct str access)
{
	int64_t number, n;

	if (!read_token(access, &number, &n) || sim.now_ms < account[number].end_ms[n])
		return false;
	sim.n_hit[OPTION_oauth]++;
	return true;
}

/* ---- asking ---- */

struct token_client {
	struct http_client client;
	int number; /* of the account that asks; -1 = nobody does */
	http_done_fn *done;
	void *arg;
};

static void count_asking(int number)
{
	int64_t *oldest = &account[number].asked_ms[account[number].n_asked++ % ASKED_MAX];

	if (account[number].n_asked > ASKED_MAX && sim.now_ms - *oldest < ASKED_WITHIN_MS)
		sim_fail("tokens", "account %d asks for tokens %d times within a minute", number,
			 ASKED_MAX + 1);
	*oldest = sim.now_ms;
}

static bool client_start(struct http_client *client, const struct http_call *call, http_done_fn *done,
			 void *arg, struct err *err)
{
	struct token_client *self = (struct token_client *)client;
	struct str form = call->body, field;
	int64_t number = -1;

	(void)err;
	while (str_split(&form, '&', &field))
		if (str_starts(field, STR("refresh_token=" NODE_REFRESH_PREFIX)))
			(void)str_to_int64(str_skip(field, sizeof("refresh_token=" NODE_REFRESH_PREFIX) - 1),
					   &number);
	if (number < 0 || number >= ACCOUNTS_MAX || account[number].n == 0)
		sim_fail("tokens", "newer tokens are asked for without a token that says whose");
	*self = (struct token_client){ .client = self->client, (int)number, done, arg };
	if (number >= 0)
		count_asking((int)number);
	return true;
}

static struct str token_text(int number, struct arena *arena)
{
	bool same = sim_chance(OPTION_oauth, 600);
	struct str access = access_text(number, give(number), arena);
	struct str refresh = refresh_text(number, arena);

	return arena_printf(arena,
			    "{\"access_token\":\"%.*s\",\"token_type\":\"bearer\",\"expires_in\":%lld"
			    "%s%.*s%s}",
			    STR_ARG(access), (long long)said_s(), same ? "" : ",\"refresh_token\":\"",
			    same ? 0 : (int)refresh.len, same ? "" : refresh.p, same ? "" : "\"");
}

static void say(struct http_answer *answer, int status, struct str body)
{
	answer->ok = answer->sent = true;
	answer->status = status;
	answer->body = body;
}

static void no_answer(struct http_answer *answer)
{
	sim_pass(GIVE_UP_MS);
	answer->sent = true;
	(void)snprintf(answer->error, sizeof(answer->error), "timeout");
}

static void answer_call(int number, struct arena *arena, struct http_answer *answer)
{
	if (number < 0 || disk_is_dead() || sim_fault(OPTION_wire_lost))
		no_answer(answer);
	else if (sim_fault(OPTION_throttled))
		say(answer, 429, STR(""));
	else if (sim_fault(OPTION_error_before))
		say(answer, 503, STR("{\"errors\":[]}"));
	else
		say(answer, 200, token_text(number, arena));
	if (answer->status != 200)
		return;
	if (sim_fault(OPTION_wire_lost_answers)) {
		*answer = (struct http_answer){ .status = 0 };
		no_answer(answer);
	} else if (sim_fault(OPTION_wire_broken)) {
		say(answer, 200, STR("<html><body>Something is between us.</body></html>"));
	} else if (sim_fault(OPTION_error_after)) {
		say(answer, 500, STR("{\"errors\":[]}"));
	}
}

static size_t client_run(struct http_client *client, int64_t max_wait_ms)
{
	struct token_client *self = (struct token_client *)client;
	struct http_answer answer = { .ok = false };
	http_done_fn *done = self->done;
	struct arena arena;

	(void)max_wait_ms;
	if (!done)
		return 0;
	self->done = NULL;
	arena_init(&arena);
	sim_pass(sim_draw(OPTION_wire_ms, 1, sim_option(OPTION_wire_ms)));
	answer_call(self->number, &arena, &answer);
	sim_trace("tokens: %d -> %d", self->number, answer.status);
	done(self->arg, &answer);
	arena_release(&arena);
	return 0;
}

static void client_wakeup(struct http_client *client)
{
	(void)client;
}

static void client_free(struct http_client *client)
{
	mem_free(client);
}

struct http_client *token_client_new(void)
{
	static const struct http_client_ops ops = { client_start, client_run, client_wakeup, client_free };
	struct token_client *self = mem_zalloc(1, sizeof(*self));

	self->client.ops = &ops;
	return &self->client;
}
