/*
 * What every platform must hold to, whatever shop it speaks for: the same suite over all rows of platform.c.
 *
 * A new platform adds one row to `senders` (how its shop proves itself) and fixtures in
 * tests/fixtures/PLATFORM; the suite fails until it has both. Chance is seeded: a failure names the seed and
 * the input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/rand.h"
#include "unit/test_platform_support.h"

#define MESSAGES_MAX 100

/* ---- senders: how a shop of each platform makes a request ---- */

struct sender {
	const char *platform;
	const char *secret;
	const char *other_secret;
	/* Headers that prove it, for this body. */
	void (*prove)(struct arena *arena, const char *secret, struct str body,
		      struct support_pairs *headers);
	const char *content_type;
	const char *valid;   /* a body that gives facts */
	const char *changed; /* another message about the same thing */
	const char *unknown; /* a topic nobody knows, with topic "coupon.exploded" */
	const char *three;   /* three messages in one request; NULL: the platform has no such thing */
};

static void prove_enad(struct arena *arena, const char *secret, struct str body,
		       struct support_pairs *headers)
{
	(void)body;
	support_put(headers, STR("Authorization"), arena_printf(arena, "Bearer %s", secret));
}

static void prove_generic(struct arena *arena, const char *secret, struct str body,
			  struct support_pairs *headers)
{
	struct str id = STR("msg_contract"),
		   timestamp = arena_printf(arena, "%lld", (long long)(SUPPORT_NOW_MS / 1000));
	struct str key;

	assert_true(base64_decode(arena, str_from(secret + strlen("whsec_")), &key));
	support_put(headers, STR("webhook-id"), id);
	support_put(headers, STR("webhook-timestamp"), timestamp);
	support_put(headers, STR("webhook-signature"), support_signature(arena, key, id, timestamp, body));
}

static const struct sender senders[] = {
	{
		.platform = "enad",
		.secret = "xqwerty12345",
		.other_secret = "xqwerty12346",
		.prove = prove_enad,
		.content_type = "application/json",
		.valid = "{\"event_type\":\"product.updated\",\"payload\":{\"product_id\":\"1\",\"product_"
			 "name\":\"A\"}}",
		.changed = "{\"event_type\":\"product.updated\",\"payload\":{\"product_id\":\"1\",\"product_"
			   "name\":\"B\"}}",
		.unknown = "{\"event_type\":\"coupon.exploded\",\"payload\":{\"id\":\"1\"}}",
	},
	{
		.platform = "generic",
		.secret = SUPPORT_SECRET,
		.other_secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		.prove = prove_generic,
		.content_type = "application/json",
		.valid = "{\"id\":\"1\",\"type\":\"product.upserted\",\"data\":{\"id\":\"1\",\"title\":\"A\"}"
			 "}",
		.changed = "{\"id\":\"2\",\"type\":\"product.upserted\",\"data\":{\"id\":\"1\",\"title\":"
			   "\"B\"}}",
		.unknown = "{\"id\":\"3\",\"type\":\"coupon.exploded\",\"data\":{\"id\":\"1\"}}",
		.three = "[{\"type\":\"stock.changed\",\"data\":{\"sku\":\"a\",\"stock\":1}},"
			 "{\"type\":\"stock.changed\",\"data\":{\"sku\":\"b\",\"stock\":2}},"
			 "{\"type\":\"stock.changed\",\"data\":{\"sku\":\"c\",\"stock\":3}}]",
	},
	{
		.platform = "opencart",
		.secret = SUPPORT_SECRET,
		.other_secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		.prove = prove_generic,
		.content_type = "application/json",
		.valid = "{\"id\":\"1\",\"type\":\"product.upserted\",\"data\":{\"id\":\"1\",\"title\":\"A\"}"
			 "}",
		.changed = "{\"id\":\"2\",\"type\":\"product.upserted\",\"data\":{\"id\":\"1\",\"title\":"
			   "\"B\"}}",
		.unknown = "{\"id\":\"3\",\"type\":\"coupon.exploded\",\"data\":{\"id\":\"1\"}}",
		.three = "[{\"type\":\"stock.changed\",\"data\":{\"sku\":\"a\",\"stock\":1}},"
			 "{\"type\":\"stock.changed\",\"data\":{\"sku\":\"b\",\"stock\":2}},"
			 "{\"type\":\"stock.changed\",\"data\":{\"sku\":\"c\",\"stock\":3}}]",
	},
};

/* ---- one platform under test ---- */

struct bench {
	const struct platform_ops *platform;
	const struct sender *sender;
	struct arena arena;
	struct support_pairs settings;
	struct support_pairs headers;
	struct str secret;
	struct platform_store store;
};

static const struct sender *sender_of(const struct platform_ops *platform)
{
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		if (strcmp(senders[i].platform, platform->name) == 0)
			return &senders[i];
	fail_msg("platform '%s' has no row in senders", platform->name);
	return NULL;
}

static void bench_start(struct bench *bench, const struct platform_ops *platform)
{
	memset(bench, 0, sizeof(*bench));
	bench->platform = platform;
	bench->sender = sender_of(platform);
	arena_init(&bench->arena);
	bench->secret = str_from(bench->sender->secret);
	bench->store = support_store(&bench->secret, 1, &bench->settings);
	support_put(&bench->headers, STR("webhook-id"), STR("msg_contract"));
	print_message("platform %s\n", platform->name);
}

static void bench_end(struct bench *bench)
{
	arena_release(&bench->arena);
}

#define EACH_PLATFORM(bench) \
	for (const struct platform_ops *const *row = platform_all(); \
	     *row && (bench_start((bench), *row), true); bench_end(bench), row++)

static bool identify(struct bench *bench, struct str body, size_t max_n, struct platform_message **message,
		     size_t *n, struct err *err)
{
	struct platform_request request =
		support_request(str_from(bench->sender->content_type), body, &bench->headers);

	return bench->platform->identify(&bench->store, &request, max_n, &bench->arena, message, n, err);
}

static void map(struct bench *bench, struct str topic, struct str body, struct map_result *result)
{
	const char *problem;

	bench->platform->map(&bench->store, topic, body, SUPPORT_NOW_MS, &bench->arena, result);
	problem = support_result_problem(result, &bench->arena);
	if (problem)
		fail_msg("%s of topic '%.*s', body %.*s", problem, STR_ARG(topic),
			 body.len > 4000 ? 4000 : (int)body.len, body.p ? body.p : "");
}

/* Identify and, if that goes, map all: nothing may crash or give what is not valid. False: refused. */
static bool take(struct bench *bench, struct platform_request *request)
{
	struct platform_message *message = NULL;
	struct map_result result;
	struct err err = { 0 };
	size_t n = 0;

	if (!bench->platform->identify(&bench->store, request, MESSAGES_MAX, &bench->arena, &message, &n,
				       &err)) {
		assert_true(err.code == ERR_INVALID || err.code == ERR_TOO_LARGE);
		assert_true(err.msg[0] != '\0');
		return false;
	}
	assert_in_range(n, 1, MESSAGES_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_in_range(message[i].topic.len, 1, 200);
		assert_in_range(message[i].source_id.len, 0, 240);
		assert_false(digest16_is_zero(message[i].key));
		assert_false(digest16_is_zero(message[i].slot));
		map(bench, message[i].topic, message[i].body, &result);
	}
	return true;
}

/* ---- the suite ---- */

static void test_every_row_is_complete(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		const struct platform_ops *platform = bench.platform;
		struct str answer = platform->accepted_body(2, 1, &bench.arena);
		struct json *json;

		assert_true(platform_find(str_from(platform->name)) == platform);
		assert_in_range(platform->accept_status, 200, 299);
		assert_true(strlen(platform->label) > 0 && strlen(platform->guide.secret_is) > 0);
		assert_non_null(strstr(platform->guide.configure, "{url}"));
		assert_true(platform->accepts(str_from(bench.sender->content_type)));
		assert_false(platform->accepts(STR("text/html")));
		assert_true(platform->check_secret(bench.secret, NULL));
		assert_false(platform->check_secret(STR(""), NULL));
		assert_true(json_parse(answer, &json, NULL));
		json_free(json);
	}
	assert_null(platform_find(STR("nosuch")));
	assert_null(platform_find(STR("")));
}

static void test_valid_requests_give_facts(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		struct str body = str_from(bench.sender->valid);
		struct platform_request request =
			support_request(str_from(bench.sender->content_type), body, &bench.headers);
		struct platform_message *message;
		struct map_result result;
		size_t n;

		bench.sender->prove(&bench.arena, bench.sender->secret, body, &bench.headers);
		assert_true(bench.platform->verify(&bench.store, &request, NULL));
		assert_true(identify(&bench, body, 1, &message, &n, NULL));
		assert_int_equal(n, 1);
		map(&bench, message->topic, message->body, &result);
		assert_int_equal(result.state, MAP_DONE);
		assert_int_equal(result.reason.len, 0);
	}
}

static void test_only_the_shop_is_let_in(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		struct str body = str_from(bench.sender->valid);
		struct str both[] = { str_from(bench.sender->other_secret), bench.secret };
		struct platform_request request =
			support_request(str_from(bench.sender->content_type), body, &bench.headers);
		struct platform_store changing = support_store(both, 2, &bench.settings);
		struct err missing = { 0 }, wrong = { 0 };

		memset(&bench.headers, 0, sizeof(bench.headers));
		assert_false(bench.platform->verify(&bench.store, &request, &missing));
		bench.sender->prove(&bench.arena, bench.sender->other_secret, body, &bench.headers);
		assert_false(bench.platform->verify(&bench.store, &request, &wrong));
		assert_int_equal(missing.code, ERR_DENIED);
		assert_int_equal(wrong.code, ERR_DENIED);
		assert_string_not_equal(missing.msg, wrong.msg);
		assert_null(strstr(wrong.msg, bench.sender->secret));
		assert_null(strstr(wrong.msg, bench.sender->other_secret));
		assert_true(bench.platform->verify(&changing, &request, NULL));
		bench.sender->prove(&bench.arena, bench.sender->secret, body, &bench.headers);
		assert_true(bench.platform->verify(&changing, &request, NULL));
	}
}

static void test_a_body_cut_anywhere_is_refused(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		struct str body = str_from(bench.sender->valid);

		for (size_t len = 0; len < body.len; len++) {
			/* A copy of exactly this size, so that a byte read past it is seen. */
			char *cut = mem_alloc(len);
			struct platform_message *message;
			struct err err = { 0 };
			size_t n;

			memcpy(cut, body.p, len);
			assert_false(identify(&bench, str_of(cut, len), 1, &message, &n, &err));
			assert_int_equal(err.code, ERR_INVALID);
			assert_true(len == 0 || strstr(err.msg, "line 1, column") != NULL);
			mem_free(cut);
		}
	}
}

static void test_too_many_messages_are_refused(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		struct platform_message *message;
		struct err err = { 0 };
		size_t n = 0;

		assert_false(identify(&bench, str_from(bench.sender->valid), 0, &message, &n, &err));
		assert_int_equal(err.code, ERR_TOO_LARGE);
		if (!bench.sender->three)
			continue;
		err.code = ERR_NONE;
		assert_false(identify(&bench, str_from(bench.sender->three), 2, &message, &n, &err));
		assert_int_equal(err.code, ERR_TOO_LARGE);
		assert_true(identify(&bench, str_from(bench.sender->three), 3, &message, &n, &err));
		assert_int_equal(n, 3);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < i; k++)
				assert_false(digest16_eq(message[i].key, message[k].key));
	}
}

static void test_unknown_topics_are_kept_and_ignored(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		struct platform_message *message;
		struct map_result result;
		size_t n;

		assert_true(identify(&bench, str_from(bench.sender->unknown), 1, &message, &n, NULL));
		map(&bench, message->topic, message->body, &result);
		assert_int_equal(result.state, MAP_IGNORED);
		assert_non_null(strstr(arena_cstr(&bench.arena, result.reason), "coupon.exploded"));
	}
}

static void test_a_request_sent_again_is_a_duplicate(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		struct platform_message *first, *again, *changed;
		size_t n;

		assert_true(identify(&bench, str_from(bench.sender->valid), 1, &first, &n, NULL));
		assert_true(identify(&bench, arena_dup(&bench.arena, str_from(bench.sender->valid)), 1,
				     &again, &n, NULL));
		assert_true(identify(&bench, str_from(bench.sender->changed), 1, &changed, &n, NULL));
		assert_true(digest16_eq(first->key, again->key) && digest16_eq(first->slot, again->slot));
		assert_false(digest16_eq(first->key, changed->key));
	}
}

/* ---- hostile bodies ---- */

static struct platform_request fixture_request(const struct support_fixture *fixture, struct str body)
{
	return support_request(fixture->content_type, body, &fixture->headers);
}

static struct str repeated(struct arena *arena, const char *text, size_t n)
{
	size_t len = strlen(text);
	char *out = arena_alloc(arena, n * len);

	for (size_t i = 0; i < n; i++)
		memcpy(out + i * len, text, len);
	return str_of(out, n * len);
}

static void test_deep_nesting_is_refused_at_once(void **state)
{
	struct bench bench;

	(void)state;
	EACH_PLATFORM(&bench)
	{
		static const char *const opening[] = { "[", "{\"a\":", "[{\"a\":" };

		for (size_t i = 0; i < ARRAY_LEN(opening); i++) {
			struct platform_request request =
				support_request(str_from(bench.sender->content_type),
						repeated(&bench.arena, opening[i], 200000), &bench.headers);

			assert_false(take(&bench, &request));
		}
	}
}

#define LONG_TEXT_BYTES 1000000

static unsigned rounds;

struct mutator {
	struct rand *rand;
	struct str long_text;
	unsigned one_in; /* of so many nodes one is changed */
};

static struct json *strange(struct mutator *mutator, const struct json *was)
{
	static const char *const texts[] = {
		"",
		" ",
		"null",
		"-1",
		"1e999",
		"\xc2\x85",
		"\x01\x1f\x7f",
		"\"'<script>\\",
		"\xf0\x9f\x98\x80",
		"..|..",
		"99999999999999999999",
		"0001-01-01T00:00:00Z",
		"active",
		"de_DE",
		"EUR",
		"12.50",
		"product.updated",
	};
	struct json *list;

	switch (rand_below(mutator->rand, 12)) {
	case 0:
		return json_new_null();
	case 1:
		return json_new_bool(rand_below(mutator->rand, 2));
	case 2:
		return json_new_int(rand_below(mutator->rand, 2) ? INT64_MIN : INT64_MAX);
	case 3:
		return json_new_int((int64_t)rand_below(mutator->rand, 5) - 2);
	case 4:
		return json_new_decimal(STR("-1.5e308"));
	case 5:
		return json_new_array();
	case 6:
		return json_new_object();
	case 7:
		return json_new_text(str_of(mutator->long_text.p, 190 + rand_below(mutator->rand, 20)));
	case 8:
		return json_new_text(rand_below(mutator->rand, 20) ? STR("x") : mutator->long_text);
	case 9:
		list = json_new_array();
		for (size_t i = rand_below(mutator->rand, 400); i > 0; i--)
			json_append(list, json_clone(was));
		return list;
	case 10:
		list = json_new_object();
		json_set(list, "id", json_clone(was));
		return list;
	default:
		return json_new_text(str_from(texts[rand_below(mutator->rand, ARRAY_LEN(texts))]));
	}
}

/* A copy in which some nodes are replaced, left out or renamed. Recursion is as deep as the fixture. */
static struct json *mutated(struct mutator *mutator, const struct json *json)
{
	struct json *copy;

	if (rand_below(mutator->rand, mutator->one_in) == 0)
		return strange(mutator, json);
	if (json_type(json) == JSON_ARRAY) {
		copy = json_new_array();
		for (size_t i = 0; i < json_len(json); i++)
			json_append(copy, mutated(mutator, json_at(json, i)));
		return copy;
	}
	if (json_type(json) != JSON_OBJECT)
		return json_clone(json);
	copy = json_new_object();
	for (void *it = json_first(json); it; it = json_next(json, it))
		if (rand_below(mutator->rand, 4 * mutator->one_in))
			json_set_n(copy, json_member_name(it), mutated(mutator, json_member_value(it)));
	return copy;
}

static void take_mutated(struct bench *bench, struct mutator *mutator, const struct support_fixture *fixture,
			 size_t *n_taken)
{
	struct platform_request request;
	struct json *json, *copy;

	if (!json_parse(fixture->body, &json, NULL))
		return;
	for (unsigned round = 0; round < rounds; round++) {
		mutator->one_in = 3 + round;
		copy = mutated(mutator, json);
		request = fixture_request(fixture, json_write_arena(copy, false, &bench->arena));
		json_free(copy);
		*n_taken += take(bench, &request);
		arena_reset(&bench->arena);
	}
	json_free(json);
}

static void test_wrong_types_everywhere(void **state)
{
	static struct support_fixture fixture[SUPPORT_FIXTURES_MAX];
	struct arena kept;
	struct rand_seeded seeded;
	struct mutator mutator;
	struct bench bench;

	(void)state;
	arena_init(&kept);
	rand_seeded_init(&seeded, 20260731);
	mutator.rand = &seeded.rand;
	mutator.long_text = repeated(&kept, "long ", LONG_TEXT_BYTES / 5);
	EACH_PLATFORM(&bench)
	{
		size_t n = support_fixtures(&kept, bench.platform->name, fixture), taken = 0;

		assert_true(n >= 10);
		for (size_t i = 0; i < n; i++)
			take_mutated(&bench, &mutator, &fixture[i], &taken);
		print_message("%zu requests were taken and mapped\n", taken);
		assert_true(taken > 5 * n);
	}
	arena_release(&kept);
}

/* Bytes changed, left out, doubled. */
static struct str scrambled(struct rand *rand, struct arena *arena, struct str text)
{
	char *out = arena_alloc(arena, text.len + 64);
	size_t len = text.len, at, n;

	memcpy(out, text.p, text.len);
	for (size_t i = 1 + rand_below(rand, 4); i > 0 && len > 0; i--) {
		at = rand_below(rand, len);
		n = rand_below(rand, 16);
		n = n > len - at ? len - at : n;
		switch (rand_below(rand, 4)) {
		case 0:
			out[at] = (char)rand_below(rand, 256);
			break;
		case 1:
			out[at] = "{}[]\",:\\0-e\n"[rand_below(rand, 12)];
			break;
		case 2:
			memmove(out + at, out + at + n, len - at - n);
			len -= n;
			break;
		default:
			if (len + n > text.len + 64)
				break;
			memmove(out + at + n, out + at, len - at);
			len += n;
		}
	}
	return str_of(out, len);
}

static void test_scrambled_bytes(void **state)
{
	static struct support_fixture fixture[SUPPORT_FIXTURES_MAX];
	struct arena kept;
	struct bench bench;
	struct rand_seeded seeded;

	(void)state;
	arena_init(&kept);
	rand_seeded_init(&seeded, 20260801);
	EACH_PLATFORM(&bench)
	{
		size_t n = support_fixtures(&kept, bench.platform->name, fixture);

		for (size_t i = 0; i < n * rounds; i++) {
			struct platform_request request = fixture_request(
				&fixture[i % n], scrambled(&seeded.rand, &bench.arena, fixture[i % n].body));

			(void)take(&bench, &request);
			arena_reset(&bench.arena);
		}
	}
	arena_release(&kept);
}

/* Topic and body come from the store years later, perhaps mended by hand: any pair must be survived. */
static void test_any_topic_with_any_body(void **state)
{
	static struct support_fixture fixture[SUPPORT_FIXTURES_MAX];
	struct arena kept;
	struct bench bench;

	(void)state;
	arena_init(&kept);
	EACH_PLATFORM(&bench)
	{
		size_t n = support_fixtures(&kept, bench.platform->name, fixture);
		struct map_result result;

		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < n; k++) {
				struct str topic = fixture[i].name;

				topic.len -= str_ends(topic, STR(".json")) ? strlen(".json") : 0;
				map(&bench, topic, fixture[k].body, &result);
				arena_reset(&bench.arena);
			}
	}
	arena_release(&kept);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_complete),
		cmocka_unit_test(test_valid_requests_give_facts),
		cmocka_unit_test(test_only_the_shop_is_let_in),
		cmocka_unit_test(test_a_body_cut_anywhere_is_refused),
		cmocka_unit_test(test_too_many_messages_are_refused),
		cmocka_unit_test(test_unknown_topics_are_kept_and_ignored),
		cmocka_unit_test(test_a_request_sent_again_is_a_duplicate),
		cmocka_unit_test(test_deep_nesting_is_refused_at_once),
		cmocka_unit_test(test_wrong_types_everywhere),
		cmocka_unit_test(test_scrambled_bytes),
		cmocka_unit_test(test_any_topic_with_any_body),
	};

	rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 12;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
