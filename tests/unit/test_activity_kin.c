/*
 * One customer under several addresses: who they are now, whose profile that was, and, for random histories
 * of what was said under either address and came in any order, whom Klaviyo may write to:
 *
 *   nobody is subscribed by what another address agreed to, or after an opt-out of any address that is known;
 *   whoever opted in last, explicitly, by the address of now, is subscribed in the end;
 *   nothing is told twice.
 */
#include "activity/plan.h"
#include "base/rand.h"
#include "unit/test_activity_support.h"

#include <inttypes.h>

#define OLD	  "ann.old@shop.example"
#define NEW	  "ann.new@shop.example"
#define HISTORIES 1000
#define STEPS	  50
#define SAID_MAX  40
#define STEP_MS	  (7 * MS_PER_S)

enum voice { SHOP, FIELD, KLAVIYO, VOICE_COUNT };

static const char *const part_row[] = { "consent.email", "field.email", "klaviyo.email" };
static const char *const address_row[] = { OLD, NEW };

/* Another person's fact beside the root's. */
static void kin_fact(struct support *support, const char *person, const char *part, int64_t version,
		     const char *body)
{
	support_versioned(support, part, version, (int64_t)support->root.n_fact + 1, body);
	support->fact[support->root.n_fact - 1].entity = (struct entity){ ENTITY_PERSON, str_from(person) };
}

static void kin_sent(struct support *support, struct root_sent *sent, const char *person, int64_t newest_id)
{
	*sent = (struct root_sent){ .kind = KLAVIYO_PROFILE,
				    .external_id = str_from(person),
				    .exists = true,
				    .wanted = digest16_of(&(struct str){ "x", 1 }, 1),
				    .newest_id = newest_id };
	support->root.kin_sent = sent;
	support->root.n_kin_sent = 1;
}

/* ---- who it is ---- */

static void the_newest_address_has_the_profile(void **state)
{
	struct support support;
	struct root_sent told;

	(void)state;
	support_open(&support, ENTITY_PERSON, NEW);
	kin_fact(&support, NEW, "customer", 20, "{'customer_id':'77','email':'" NEW "','first_name':'Ann'}");
	kin_fact(&support, OLD, "customer", 10, "{'customer_id':'77','email':'" OLD "'}");
	kin_sent(&support, &told, OLD, 5);
	support_merge(&support);
	assert_true(support.view.has_profile);
	support_equal(support.view.profile.email, NEW, "address");
	support_equal(support.view.former, OLD, "former address");
	support_close(&support);
}

static void a_former_address_has_none(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PERSON, OLD);
	kin_fact(&support, OLD, "customer", 10, "{'customer_id':'77','email':'" OLD "'}");
	kin_fact(&support, NEW, "customer", 20, "{'customer_id':'77','email':'" NEW "'}");
	support_merge(&support);
	assert_false(support.view.has_profile);
	support_equal(support.view.note, "is known by another address now", "note");
	support_close(&support);
}

/* Back at an address that was told before: who was told last is the other one. */
static void back_at_an_old_address(void **state)
{
	struct support support;
	struct root_sent told;

	(void)state;
	support_open(&support, ENTITY_PERSON, OLD);
	kin_fact(&support, OLD, "customer", 30, "{'customer_id':'77','email':'" OLD "'}");
	kin_fact(&support, NEW, "customer", 20, "{'customer_id':'77','email':'" NEW "'}");
	support_sent(&support, KLAVIYO_PROFILE, OLD, digest16_of(&(struct str){ "y", 1 }, 1), false);
	support.sent[0].newest_id = 4;
	kin_sent(&support, &told, NEW, 5);
	support_merge(&support);
	support_equal(support.view.former, NEW, "former address");
	support.sent[0].newest_id = 6;
	support_merge(&support);
	support_equal(support.view.former, "", "told last");
	support.sent[0].wanted = (struct digest16){ { 0 } };
	support_merge(&support);
	support_equal(support.view.former, "", "told last, and to be told anew");
	support_close(&support);
}

/* Klaviyo may know somebody by an order or consent alone. */
static void who_was_never_told_is_looked_for(void **state)
{
	struct support support;
	struct root_sent told;

	(void)state;
	support_open(&support, ENTITY_PERSON, NEW);
	kin_fact(&support, NEW, "customer", 30, "{'customer_id':'77','email':'" NEW "'}");
	kin_fact(&support, "ann@shop.example", "customer", 10, "{'customer_id':'77'}");
	kin_fact(&support, OLD, "customer", 20, "{'customer_id':'77','email':'" OLD "'}");
	support_merge(&support);
	support_equal(support.view.former, OLD, "the one before");
	kin_sent(&support, &told, "email:ann@shop.example", 5);
	told.kind = KLAVIYO_CONSENT;
	support_merge(&support);
	support_equal(support.view.former, "ann@shop.example", "whose consent was told");
	support_sent(&support, KLAVIYO_PROFILE, NEW, digest16_of(&(struct str){ "y", 1 }, 1), false);
	support_merge(&support);
	support_equal(support.view.former, "", "told itself");
	support_close(&support);
}

/* ---- orders and visits ---- */

#define ORDER(email) \
	"{'number':'1','placed_at':'2026-07-30T09:00:00Z','currency':'EUR','total':'5.00'," \
	"'customer':{'email':'" email "','customer_id':'77'}}"

static struct str order_email(const char *order, struct support *support)
{
	support_open(support, ENTITY_ORDER, "1");
	support_versioned(support, "base", 1, 1, order);
	support_versioned(support, "placed", 1, 1, "{'at':'2026-07-30T09:00:00Z'}");
	kin_fact(support, NEW, "customer", 20, "{'customer_id':'77','email':'" NEW "'}");
	kin_fact(support, OLD, "customer", 10, "{'customer_id':'77','email':'" OLD "'}");
	support_merge(support);
	assert_true(support->view.n_event > 0);
	return support->view.event[0].profile.email;
}

static void orders_are_of_who_it_is_now(void **state)
{
	static const struct {
		const char *order, *email;
	} row[] = {
		{ ORDER(OLD), NEW },
		{ ORDER(NEW), NEW },
		{ ORDER("aunt@shop.example"), "aunt@shop.example" }, /* for somebody else */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;

		support_equal(order_email(row[i].order, &support), row[i].email, row[i].order);
		support_close(&support);
	}
}

/* The event would make somebody else of them, if it came before the profile has the new address. */
static void orders_wait_for_the_new_address(void **state)
{
	static const struct {
		const char *person;
		int64_t due_ms;
		bool waits;
	} row[] = {
		{ NEW, SUPPORT_NOW + 100, true },
		{ NEW, SUPPORT_NOW - 100, true },
		{ NEW, 0, false },
		{ NEW, SUPPORT_NOW + MS_PER_HOUR, false }, /* its schedule */
		{ OLD, SUPPORT_NOW + 100, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct root_entity person = { .entity = { ENTITY_PERSON, str_from(row[i].person) },
					      .due_ms = row[i].due_ms };
		struct support support;

		(void)order_email(ORDER(OLD), &support);
		support.root.entity = &person;
		support.root.n_entity = 1;
		support_merge(&support);
		assert_int_equal(support.view.n_event == 0, row[i].waits);
		assert_int_equal(support.view.again_ms, row[i].waits ? SUPPORT_NOW + 200 : 0);
		support_close(&support);
	}
}

#define SEEN(identity) \
	"{'type':'active','at':'2026-07-30T09:01:00Z','page_url':'https://s/'," \
	"'identity':{" identity "}}"

/* Two customers whom the visit may have been, and one whom the shop knows by one address alone. */
static struct str seen_email(const char *identity, struct support *support)
{
	support_open(support, ENTITY_VISITOR, "w1");
	support_fact(support, "event.1", identity);
	kin_fact(support, NEW, "customer", 20, "{'customer_id':'77','email':'" NEW "'}");
	kin_fact(support, OLD, "customer", 10, "{'customer_id':'77','email':'" OLD "'}");
	kin_fact(support, "+4930123", "customer", 10, "{'customer_id':'78'}");
	kin_fact(support, "bob@shop.example", "customer", 30, "{'customer_id':'78'}");
	kin_fact(support, "aunt@shop.example", "customer", 40, "{'email':'aunt@shop.example'}");
	support_merge(support);
	assert_int_equal(support->view.n_event, 1);
	return support->view.event[0].profile.email;
}

static void visits_are_of_who_it_is_now(void **state)
{
	static const struct {
		const char *identity, *email, *phone;
	} row[] = {
		{ SEEN("'email':'" OLD "'"), NEW, "" },
		{ SEEN("'email':'Ann.Old@Shop.example','phone':'+4930123'"), NEW, "+4930123" },
		{ SEEN("'email':'" NEW "'"), NEW, "" },
		{ SEEN("'phone':'+4930123'"), "bob@shop.example", "+4930123" },
		{ SEEN("'email':'aunt@shop.example'"), "aunt@shop.example", "" },
		{ SEEN("'email':'guest@shop.example','customer_id':'77'"), "guest@shop.example", "" },
		{ SEEN("'exchange_id':'kx'"), "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;

		support_equal(seen_email(row[i].identity, &support), row[i].email, row[i].identity);
		support_equal(support.view.event[0].profile.phone, row[i].phone, row[i].identity);
		support_close(&support);
	}
}

static void phone_consent_goes_with_the_number(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PERSON, NEW);
	kin_fact(&support, NEW, "customer", 20, "{'customer_id':'77','phone':'+4915112345678'}");
	kin_fact(&support, OLD, "customer", 10, "{'customer_id':'77','phone':'+4915112345678'}");
	kin_fact(&support, OLD, "consent.sms", 15, "{'state':'subscribed','at':'2026-07-01T00:00:00Z'}");
	support_merge(&support);
	assert_int_equal(support.view.n_consent, 1);
	assert_true(support.view.consent[0].subscribed);
	support_equal(support.view.consent[0].address, "+4915112345678", "number");
	support_close(&support);
}

/* Told of an address that Klaviyo has nobody by, there would be somebody beside the one of now. */
static void an_opt_out_of_a_former_address(void **state)
{
	static const struct {
		const char *what;
		bool profile, exists, consent, profiles_off;
		size_t want;
	} row[] = {
		{ "nobody there", .want = 0 },
		{ "the profile stayed", .profile = true, .exists = true, .want = 1 },
		{ "the profile has gone", .profile = true, .consent = true, .want = 0 },
		{ "known by consent alone", .consent = true, .want = 1 },
		{ "profiles are not told", .profiles_off = true, .want = 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;

		support_open(&support, ENTITY_PERSON, OLD);
		support.rules.send_profiles = !row[i].profiles_off;
		kin_fact(&support, OLD, "customer", 10, "{'customer_id':'77'}");
		kin_fact(&support, NEW, "customer", 20, "{'customer_id':'77'}");
		kin_fact(&support, OLD, "consent.email", 15,
			 "{'state':'unsubscribed','at':'2026-07-01T00:00:00Z'}");
		if (row[i].profile) {
			support_sent(&support, KLAVIYO_PROFILE, OLD, digest16_of(&(struct str){ "y", 1 }, 1),
				     false);
			support.sent[0].exists = row[i].exists;
		}
		if (row[i].consent)
			support_sent(&support, KLAVIYO_CONSENT, "email:" OLD,
				     digest16_of(&(struct str){ "y", 1 }, 1), false);
		support_merge(&support);
		if (support.view.n_consent != row[i].want)
			fail_msg("%s: %zu consents told", row[i].what, support.view.n_consent);
		support_close(&support);
	}
}

/* What was told of the address before it moved there says nothing of the profile that has it now. */
static void a_profile_that_moves_is_unsubscribed_anew(void **state)
{
	struct support support;
	struct activity_resource resource[] = {
		{ .kind = KLAVIYO_PROFILE,
		  .op = DELIVERY_UPDATE,
		  .external_id = STR(NEW),
		  .body = STR("{}") },
		{ .kind = KLAVIYO_CONSENT, .op = DELIVERY_DELETE, .external_id = STR("email:" NEW) },
	};
	struct delivery_new *delivery;
	size_t n;

	(void)state;
	support_open(&support, ENTITY_PERSON, NEW);
	support_sent(&support, KLAVIYO_CONSENT, "email:" NEW, (struct digest16){ { 0 } }, true);
	activity_plan(&support.root, resource, 2, &support.arena, &delivery, &n);
	assert_int_equal(n, 1);
	resource[0].op = DELIVERY_CREATE;
	activity_plan(&support.root, resource, 2, &support.arena, &delivery, &n);
	assert_int_equal(n, 2);
	support_close(&support);
}

/* The profile that gets the new address is subscribed: that has to be taken back. */
static void what_the_old_address_agreed_to_is_taken_back(void **state)
{
	struct support support;
	struct root_sent told;

	(void)state;
	support_open(&support, ENTITY_PERSON, NEW);
	kin_fact(&support, NEW, "customer", 20, "{'customer_id':'77'}");
	kin_fact(&support, OLD, "customer", 10, "{'customer_id':'77'}");
	kin_fact(&support, OLD, "consent.email", 15, "{'state':'subscribed','at':'2026-07-01T00:00:00Z'}");
	support_merge(&support);
	assert_int_equal(support.view.n_consent, 0); /* Klaviyo was told nothing yet */
	kin_sent(&support, &told, "email:" OLD, 5);
	told.kind = KLAVIYO_CONSENT;
	support_merge(&support);
	assert_int_equal(support.view.n_consent, 1);
	assert_false(support.view.consent[0].subscribed);
	support_equal(support.view.consent[0].address, NEW, "address");
	kin_fact(&support, NEW, "field.email", 20, "{'state':'subscribed','at':'2026-07-02T00:00:00Z'}");
	support_merge(&support);
	assert_int_equal(support.view.n_consent, 1);
	assert_true(support.view.consent[0].subscribed); /* the shop takes it along */
	support_close(&support);
}

/* ---- consent over time ---- */

struct said {
	enum voice voice;
	int address; /* 0 = the old, 1 = the new */
	bool subscribed;
	int64_t at_ms;
	bool arrived;
};

struct history {
	struct rand_seeded chance;
	int64_t now_ms;
	bool changed; /* the shop knows the new address */
	struct said said[SAID_MAX];
	size_t n;
	const struct said *kept[2][VOICE_COUNT];
	int64_t seq;
	struct root_sent sent[2];
	bool is_sent[2];
};

static uint64_t below(struct history *history, uint64_t bound)
{
	return rand_below(&history->chance.rand, bound);
}

static void say(struct history *history)
{
	enum voice voice = (enum voice)below(history, VOICE_COUNT);

	if (history->n == SAID_MAX)
		return;
	history->said[history->n++] = (struct said){
		.voice = voice,
		.address = (int)below(history, 2),
		.subscribed = voice != KLAVIYO && below(history, 3) > 0,
		.at_ms = history->now_ms,
	};
}

static void arrive(struct history *history, struct said *said)
{
	const struct said **kept = &history->kept[said->address][said->voice];

	said->arrived = true;
	history->seq++;
	if (!*kept || said->at_ms >= (*kept)->at_ms)
		*kept = said;
}

static void add_facts(struct support *support, const struct history *history)
{
	for (int address = 0; address < 1 + history->changed; address++)
		kin_fact(support, address_row[address], "customer", 10 * (address + 1),
			 "{'customer_id':'77'}");
	for (int address = 0; address < 2; address++) {
		if (!history->changed && !str_eq(support->root.root.id, str_from(address_row[address])))
			continue;
		for (int voice = 0; voice < VOICE_COUNT; voice++) {
			const struct said *kept = history->kept[address][voice];
			struct strbuf body;

			if (!kept)
				continue;
			strbuf_init(&body, 200);
			strbuf_addf(&body, "{'state':'%s','at':'",
				    kept->subscribed ? "subscribed" : "unsubscribed");
			time_format_rfc3339(kept->at_ms, &body);
			strbuf_add_text(&body, "'}");
			kin_fact(support, address_row[address], part_row[voice], kept->at_ms, body.p);
			strbuf_release(&body);
		}
	}
}

/* The last of what has arrived from that address (-1 = any) and says so; INT64_MIN: nothing. */
static int64_t last_ms(const struct history *history, int address, bool subscribed)
{
	int64_t at_ms = INT64_MIN;

	for (size_t i = 0; i < history->n; i++) {
		const struct said *said = &history->said[i];

		if (said->arrived && said->subscribed == subscribed && said->at_ms > at_ms &&
		    (address < 0 || said->address == address))
			at_ms = said->at_ms;
	}
	return at_ms;
}

/* The last explicit opt-out that its own address has not taken back since. */
static int64_t left_at_ms(const struct history *history, int address)
{
	int64_t at_ms = INT64_MIN;

	for (int i = 0; i < 2; i++) {
		for (int voice = 0; voice < VOICE_COUNT; voice++) {
			const struct said *kept = history->kept[i][voice];

			if (kept && !kept->subscribed && voice != FIELD && kept->at_ms > at_ms &&
			    (address < 0 || address == i))
				at_ms = kept->at_ms;
		}
	}
	return at_ms;
}

static void check_subscription(const struct history *history, int address, uint64_t seed)
{
	int64_t in_ms = last_ms(history, address, true);
	int64_t left_ms = left_at_ms(history, history->changed ? -1 : address);

	if (history->changed && address == 0)
		fail_msg("seed %" PRIu64 ": a former address is subscribed", seed);
	if (in_ms == INT64_MIN)
		fail_msg("seed %" PRIu64 ": subscribed by another address", seed);
	if (left_ms > in_ms)
		fail_msg("seed %" PRIu64 ": subscribed after an opt-out", seed);
}

static size_t publish(struct history *history, int address, uint64_t seed)
{
	struct support support;
	struct activity_resource resource = { .kind = KLAVIYO_CONSENT };
	struct delivery_new *delivery;
	size_t n;

	support_open(&support, ENTITY_PERSON, address_row[address]);
	support.now_ms = history->now_ms;
	add_facts(&support, history);
	support.sent[0] = history->sent[address];
	support.root.n_sent = history->is_sent[address];
	support.root.kin_sent = &history->sent[!address];
	support.root.n_kin_sent = history->changed && history->is_sent[!address];
	support_merge(&support);
	resource.external_id = arena_printf(&support.arena, "email:%s", address_row[address]);
	if (support.view.n_consent > 0) {
		resource.op = support.view.consent[0].subscribed ? DELIVERY_CREATE : DELIVERY_DELETE;
		resource.key = support.view.consent_key[0];
	}
	activity_plan(&support.root, &resource, support.view.n_consent, &support.arena, &delivery, &n);
	if (n > 0) {
		if (delivery->op == DELIVERY_CREATE)
			check_subscription(history, address, seed);
		history->is_sent[address] = true;
		history->sent[address] = (struct root_sent){
			.kind = KLAVIYO_CONSENT,
			.external_id = str_from(address == 0 ? "email:" OLD : "email:" NEW),
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
	int64_t in_ms = INT64_MIN;
	bool subscribed = history->is_sent[1] && !history->sent[1].wanted_deleted;

	for (size_t i = 0; i < history->n; i++)
		if (history->said[i].voice == SHOP && history->said[i].address == 1 &&
		    history->said[i].subscribed && history->said[i].at_ms > in_ms)
			in_ms = history->said[i].at_ms;
	if (in_ms > last_ms(history, -1, false) && !subscribed)
		fail_msg("seed %" PRIu64 ": the last explicit word is not what was told", seed);
}

static void run(uint64_t seed)
{
	struct history history = { .now_ms = SUPPORT_NOW };

	rand_seeded_init(&history.chance, seed);
	for (int i = 0; i < STEPS; i++) {
		history.now_ms += STEP_MS;
		if (below(&history, 4) == 0)
			say(&history);
		else if (below(&history, 2) == 0 && history.n > 0)
			arrive(&history, &history.said[below(&history, history.n)]);
		else if (below(&history, 10) == 0)
			history.changed = true;
		else
			(void)publish(&history, (int)below(&history, 2), seed);
	}
	history.changed = true;
	for (size_t i = 0; i < history.n; i++)
		arrive(&history, &history.said[i]);
	history.now_ms += MS_PER_HOUR;
	(void)publish(&history, 0, seed);
	(void)publish(&history, 1, seed);
	check_end(&history, seed);
	if (publish(&history, 0, seed) + publish(&history, 1, seed) > 0)
		fail_msg("seed %" PRIu64 ": told twice", seed);
}

static void consent_belongs_to_its_address(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= HISTORIES; seed++)
		run(seed);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(the_newest_address_has_the_profile),
		cmocka_unit_test(a_former_address_has_none),
		cmocka_unit_test(back_at_an_old_address),
		cmocka_unit_test(who_was_never_told_is_looked_for),
		cmocka_unit_test(orders_are_of_who_it_is_now),
		cmocka_unit_test(orders_wait_for_the_new_address),
		cmocka_unit_test(visits_are_of_who_it_is_now),
		cmocka_unit_test(phone_consent_goes_with_the_number),
		cmocka_unit_test(an_opt_out_of_a_former_address),
		cmocka_unit_test(a_profile_that_moves_is_unsubscribed_anew),
		cmocka_unit_test(what_the_old_address_agreed_to_is_taken_back),
		cmocka_unit_test(consent_belongs_to_its_address),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
