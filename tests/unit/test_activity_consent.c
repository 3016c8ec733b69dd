/*
 * Consent over time: random histories of a shop whose clock is wrong, whose messages come late, twice and in
 * any order, and of people who leave in Klaviyo meanwhile. Proves that
 *
 *   nobody who is known to have left in Klaviyo is subscribed again without a later explicit opt-in;
 *   whoever opted in last, explicitly and after that, is subscribed in the end;
 *   nothing is told twice.
 */
#include "activity/plan.h"
#include "base/rand.h"
#include "unit/test_activity_support.h"

#define HISTORIES    1000
#define STEPS	     60
#define MESSAGES_MAX 64
#define STEP_MS	     (7 * MS_PER_S)
#define SKEW_MS	     INT64_C(60000)
#define ID	     "ann@shop.example"

enum voice { SHOP, FIELD, KLAVIYO, VOICE_COUNT };

static const char *const part_row[] = { "consent.email", "field.email", "klaviyo.email" };

struct message {
	enum voice voice;
	bool subscribed;
	int64_t at_ms; /* as its sender's clock says */
	bool arrived;
};

struct history {
	struct rand_seeded chance;
	int64_t now_ms;
	int64_t skew_ms; /* of the shop's clock */
	struct message message[MESSAGES_MAX];
	size_t n;
	const struct message *kept[VOICE_COUNT]; /* what the store has of each part */
	int64_t kept_seq[VOICE_COUNT];
	int64_t seq;
	struct root_sent sent;
	bool is_sent;
};

static uint64_t below(struct history *history, uint64_t bound)
{
	return rand_below(&history->chance.rand, bound);
}

/* ---- the world ---- */

static void say(struct history *history)
{
	enum voice voice = (enum voice)below(history, VOICE_COUNT);

	if (history->n == MESSAGES_MAX)
		return;
	history->message[history->n++] = (struct message){
		.voice = voice,
		.subscribed = voice != KLAVIYO && below(history, 3) > 0,
		.at_ms = history->now_ms + (voice == KLAVIYO ? 0 : history->skew_ms),
	};
}

/* Any message of the past, for the first time or again. */
static void arrive(struct history *history, struct message *message)
{
	const struct message *kept = history->kept[message->voice];

	message->arrived = true;
	history->seq++;
	if (kept && !fact_wins(message->at_ms, history->seq, kept->at_ms, history->kept_seq[message->voice]))
		return;
	history->kept[message->voice] = message;
	history->kept_seq[message->voice] = history->seq;
}

static void add_facts(struct support *support, const struct history *history)
{
	for (int i = 0; i < VOICE_COUNT; i++) {
		const struct message *kept = history->kept[i];
		struct strbuf body;

		if (!kept)
			continue;
		strbuf_init(&body, 200);
		strbuf_addf(&body, "{'state':'%s','at':'", kept->subscribed ? "subscribed" : "unsubscribed");
		time_format_rfc3339(kept->at_ms, &body);
		strbuf_add_text(&body, "'}");
		support_versioned(support, part_row[i], kept->at_ms, history->kept_seq[i], body.p);
		strbuf_release(&body);
	}
}

/* ---- what must hold ---- */

static const struct message *latest(const struct history *history, enum voice voice)
{
	const struct message *best = NULL;

	for (size_t i = 0; i < history->n; i++)
		if (history->message[i].voice == voice && history->message[i].arrived &&
		    (!best || history->message[i].at_ms > best->at_ms))
			best = &history->message[i];
	return best;
}

static void check_told(const struct history *history, const struct delivery_new *told, uint64_t seed)
{
	const struct message *left = latest(history, KLAVIYO);
	const struct message *shop = latest(history, SHOP);

	if (told->op == DELIVERY_CREATE && left && !(shop && shop->subscribed && shop->at_ms > left->at_ms))
		fail_msg("seed %llu: subscribed again without an opt-in", (unsigned long long)seed);
}

/* One look at the root, everything told at once. Returns how much that was. */
static size_t publish(struct history *history, uint64_t seed)
{
	struct support support;
	struct activity_resource resource = { .kind = KLAVIYO_CONSENT, .external_id = STR("email:" ID) };
	struct delivery_new *delivery;
	size_t n;

	support_open(&support, ENTITY_PERSON, ID);
	support.now_ms = history->now_ms;
	add_facts(&support, history);
	support.sent[0] = history->sent;
	support.root.n_sent = history->is_sent ? 1 : 0;
	support_merge(&support);
	if (support.view.n_consent > 0) {
		resource.op = support.view.consent[0].subscribed ? DELIVERY_CREATE : DELIVERY_DELETE;
		resource.key = support.view.consent_key[0];
	}
	activity_plan(&support.root, &resource, support.view.n_consent, &support.arena, &delivery, &n);
	if (n > 0) {
		check_told(history, delivery, seed);
		history->is_sent = true;
		history->sent = (struct root_sent){
			.kind = KLAVIYO_CONSENT,
			.external_id = STR("email:" ID),
			.exists = delivery->op == DELIVERY_CREATE,
			.wanted_deleted = delivery->op == DELIVERY_DELETE,
			.wanted = delivery->hash,
		};
	}
	support_close(&support);
	return n;
}

static void check_end(const struct history *history, uint64_t seed)
{
	const struct message *shop = latest(history, SHOP);
	const struct message *field = latest(history, FIELD);
	const struct message *left = latest(history, KLAVIYO);

	if (!shop || (field && field->at_ms >= shop->at_ms) || (left && left->at_ms >= shop->at_ms))
		return;
	if (!history->is_sent || history->sent.wanted_deleted == shop->subscribed)
		fail_msg("seed %llu: the last explicit word is not what was told", (unsigned long long)seed);
}

static void step(struct history *history, uint64_t seed)
{
	history->now_ms += STEP_MS;
	switch (below(history, 4)) {
	case 0:
		say(history);
		break;
	case 1:
	case 2:
		if (history->n > 0)
			arrive(history, &history->message[below(history, history->n)]);
		break;
	default:
		publish(history, seed);
		break;
	}
}

static void run(uint64_t seed)
{
	struct history history = { .now_ms = SUPPORT_NOW };

	rand_seeded_init(&history.chance, seed);
	history.skew_ms = (int64_t)below(&history, 2 * SKEW_MS) - SKEW_MS;
	for (int i = 0; i < STEPS; i++)
		step(&history, seed);
	for (size_t i = 0; i < history.n; i++)
		arrive(&history, &history.message[i]);
	history.now_ms += MS_PER_HOUR;
	publish(&history, seed);
	check_end(&history, seed);
	if (publish(&history, seed) > 0)
		fail_msg("seed %llu: told twice", (unsigned long long)seed);
}

static void who_left_stays_away(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= HISTORIES; seed++)
		run(seed);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(who_left_stays_away),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
