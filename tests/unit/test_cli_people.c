/*
 * Two people on their whole road over a real database: orders, consent, a newsletter, events that reached
 * Klaviyo; one is exported, erased, and then not to be found in any byte of the files. The other is.
 */
#include "base/file.h"
#include "cli/commands.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX      12
#define FILE_BYTES_MAX ((size_t)64 << 20)
#define ROUNDS_MAX     1000

#define PERSON(email, first, last, phone) \
	"'email':'" email "','first_name':'" first "','last_name':'" last "','phone':'" phone "'"
#define ANN PERSON("Anna.Muster@Shop.test", "Annegret", "Musterfrau", "+49 151 23456789")
#define BOB PERSON("bob@shop.test", "Robertson", "Baumeister", "+49 170 98765432")

struct world {
	struct rig *rig;
	int code;
	char *out;
	char *errors;
	size_t out_len, errors_len;
};

static int set_up(void **state)
{
	static struct world world;

	memset(&world, 0, sizeof(world));
	world.rig = rig_new(&db_sqlite_ops);
	rig_answer_all(world.rig);
	*state = &world;
	return 0;
}

static void forget_output(struct world *world)
{
	free(world->out);
	free(world->errors);
	world->out = world->errors = NULL;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	forget_output(world);
	rig_conserve(world->rig);
	rig_free(world->rig);
	return 0;
}

/* words between single spaces */
static int run(struct world *world, const char *words)
{
	struct cli_env env = { .clock = &world->rig->clock.clock, .db = world->rig->db };
	char *argv[WORDS_MAX] = { (char[]){ "pannier" } };
	char *rest = arena_cstr(&world->rig->arena, str_from(words));
	int argc = 1;

	forget_output(world);
	for (char *word; argc < WORDS_MAX - 3 && (word = strsep(&rest, " "));)
		argv[argc++] = word;
	argv[argc++] = (char[]){ "--data" };
	argv[argc++] = world->rig->folder;
	env.out = open_memstream(&world->out, &world->out_len);
	env.errors = open_memstream(&world->errors, &world->errors_len);
	world->code = cli_run(&env, argc, argv);
	assert_int_equal(fclose(env.out), 0);
	assert_int_equal(fclose(env.errors), 0);
	print_message("$ pannier %s -> %d\n%s", words, world->code, world->errors);
	return world->code;
}

/* Upkeep until there is nothing to do now. */
static void retain_all(struct rig *rig)
{
	struct retain retain = { 0 };
	struct flow_next next = { 0 };

	for (int i = 0; i == 0 || next.wait_ms == 0; i++) {
		assert_true(i < ROUNDS_MAX);
		if (!retain_run_once(&rig->ctx, &retain, &next, &rig->err))
			fail_msg("%s", rig->err.msg);
	}
	assert_int_equal(retain_conservation(), 0);
}

static void live(struct rig *rig, const char *who, const char *number)
{
	struct arena *arena = &rig->arena;

	rig_generic(rig, "shop", "customer.upserted",
		    arena_printf(arena, "{'id':'c%s',%s,'address':{'country_code':'DE'}}", number, who).p);
	rig_generic(
		rig, "shop", "order.placed",
		arena_printf(
			arena,
			"{'order_id':'%s','currency':'EUR','total':'5.00','placed_at':'2026-07-25T17:20:00Z',"
			"'customer':{%s},'billing':{'country_code':'DE'},'lines':[{'line_id':'1',"
			"'product_id':'p1','sku':'S1','name':'Mug','quantity':1,'unit_price':'5.00',"
			"'row_total':'5.00','brand':'B','categories':['Cups'],"
			"'image_url':'https://shop.test/i.jpg','product_url':'https://shop.test/p1'}]}",
			number, who)
			.p);
	rig_generic(
		rig, "shop", "order.cancelled",
		arena_printf(arena, "{'order_id':'%s','reason':'no mugs for number %s'}", number, number).p);
	rig_generic(
		rig, "shop", "consent.changed",
		arena_printf(
			arena,
			"{%s,'channel':'email','state':'subscribed','consented_at':'2026-07-25T17:20:00Z'}",
			who)
			.p);
	rig_generic(rig, "shop", "storefront.product_viewed",
		    arena_printf(arena,
				 "{'anonymous_id':'v%s',%s,'product':{'product_id':'p1','name':'Mug'}}",
				 number, who)
			    .p);
}

/* Everything that tells a person, in the spellings that come to be stored. */
static const char *const of_ann[] = {
	"anna.muster@shop.test", "Anna.Muster@Shop.test", "Annegret", "Musterfrau",
	"+49 151 23456789",	 "+4915123456789"
};
static const char *const of_bob[] = { "bob@shop.test", "Robertson", "Baumeister", "+4917098765432" };

static bool holds(struct str bytes, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= bytes.len; i++)
		if (memcmp(bytes.p + i, text, len) == 0)
			return true;
	return false;
}

/* Is the text in any byte of any file of the data folder? */
static bool is_in_files(struct rig *rig, const char *text)
{
	DIR *folder = opendir(rig->folder);
	bool found = false;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		const char *path = arena_printf(&rig->arena, "%s/%s", rig->folder, entry->d_name).p;
		struct str bytes;

		if (entry->d_name[0] == '.')
			continue;
		if (!file_read(path, FILE_BYTES_MAX, &rig->arena, &bytes, &rig->err))
			fail_msg("%s", rig->err.msg);
		found = found || holds(bytes, text);
	}
	(void)closedir(folder);
	return found;
}

static size_t count_stores(struct world *world, const char *words)
{
	struct json *json;
	size_t n;

	assert_int_equal(run(world, words), 0);
	assert_true(json_parse(str_from(world->out), &json, NULL));
	n = json_len(json_get(json, "stores"));
	json_free(json);
	return n;
}

static void both_live(struct world *world)
{
	live(world->rig, ANN, "1001");
	live(world->rig, BOB, "1002");
	(void)rig_settle(world->rig, 60000);
}

/* ---- tests ---- */

static void an_export_has_all_that_is_kept(void **state)
{
	static const char *const parts[] = {
		"Annegret",	     "Placed Order|1001",    "no mugs for number 1001",
		"consent.email",     "\"kind\":\"visitor\"", "\"kind\":\"order\"",
		"delivery_accepted", "\"kind\":\"consent\""
	};
	struct world *world = *state;

	both_live(world);
	assert_int_equal(count_stores(world, "export anna.muster@shop.test"), 1);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(world->out, parts[i]))
			fail_msg("no '%s' in: %s", parts[i], world->out);
	for (size_t i = 0; i < sizeof(of_bob) / sizeof(of_bob[0]); i++)
		assert_null(strstr(world->out, of_bob[i]));
	assert_null(strstr(world->out, "number 1002"));
	assert_int_equal(count_stores(world, "export nobody@shop.test"), 0);
	assert_int_equal(run(world, "export nobody"), CLI_USAGE);
	assert_int_equal(run(world, "export bob@shop.test --store shup"), CLI_NOT_FOUND);
}

/* ---- one customer, several addresses ---- */

static void customer(struct rig *rig, const char *id, const char *email, const char *rest)
{
	rig_generic(rig, "shop", "customer.upserted",
		    arena_printf(&rig->arena, "{'customer_id':'%s','email':'%s'%s}", id, email, rest).p);
}

/* Known by a phone number, then by one address, then by another; an order under the first address. */
static void one_under_three(struct world *world)
{
	struct rig *rig = world->rig;

	rig_generic(rig, "shop", "customer.upserted", "{'customer_id':'77','phone':'+493012345678'}");
	customer(rig, "77", "old@shop.test", ",'first_name':'Annold'");
	rig_generic(rig, "shop", "order.placed",
		    "{'order_id':'1001','currency':'EUR','total':'5.00',"
		    "'placed_at':'2026-07-25T17:20:00Z','customer':{'email':'old@shop.test'}}");
	(void)rig_settle(rig, 60000);
	customer(rig, "77", "new@shop.test", ",'first_name':'Annenew'");
	customer(rig, "78", "aunt@shop.test", ",'first_name':'Auntie'");
	(void)rig_settle(rig, 60000);
}

static size_t times_in(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void assert_all_addresses_in(struct world *world)
{
	static const char *const parts[] = { "\"id\":\"old@shop.test\"",
					     "\"id\":\"new@shop.test\"",
					     "\"id\":\"+493012345678\"",
					     "Placed Order|1001",
					     "Annold",
					     "Annenew" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(world->out, parts[i]))
			fail_msg("no '%s' in: %s", parts[i], world->out);
	assert_null(strstr(world->out, "aunt@shop.test"));
	/* Once each, though the order names one address and the profile's move both. */
	assert_int_equal(times_in(world->out, "\"kind\":\"order\",\"id\":\"1001\""), 1);
	assert_int_equal(times_in(world->out, "\"topic\":\"order.placed\""), 1);
}

static void an_export_has_what_is_kept_under_other_addresses(void **state)
{
	struct world *world = *state;

	one_under_three(world);
	assert_int_equal(count_stores(world, "export new@shop.test"), 1);
	assert_all_addresses_in(world);
	assert_int_equal(count_stores(world, "export old@shop.test"), 1);
	assert_all_addresses_in(world);
	assert_int_equal(count_stores(world, "export aunt@shop.test"), 1);
	assert_null(strstr(world->out, "old@shop.test"));
}

static void who_is_erased_is_in_no_byte_of_the_files(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;

	both_live(world);
	for (size_t i = 0; i < sizeof(of_ann) / sizeof(of_ann[0]); i++)
		if (!is_in_files(rig, of_ann[i]))
			fail_msg("'%s' was never there", of_ann[i]);
	assert_int_equal(run(world, "erase Anna.Muster@shop.test --yes"), 0);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/data-privacy-deletion-jobs"), 1);
	retain_all(rig);
	for (size_t i = 0; i < sizeof(of_ann) / sizeof(of_ann[0]); i++)
		if (is_in_files(rig, of_ann[i]))
			fail_msg("'%s' is still there", of_ann[i]);
	assert_false(is_in_files(rig, "no mugs for number 1001"));
	for (size_t i = 0; i < sizeof(of_bob) / sizeof(of_bob[0]); i++)
		if (!is_in_files(rig, of_bob[i]))
			fail_msg("'%s' is gone too", of_bob[i]);
	assert_true(is_in_files(rig, "no mugs for number 1002"));
	assert_int_equal(count_stores(world, "export anna.muster@shop.test"), 0);
	assert_int_equal(count_stores(world, "export bob@shop.test"), 1);
	assert_int_equal(rig_audit_count(rig, AUDIT_PERSON_ERASED), 1);
	rig_conserve(rig);
}

/* A message of the shop takes the same road, and what was told before is not told again. */
static void a_message_erases_as_well(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	size_t n_event;

	both_live(world);
	rig_generic(rig, "shop", "person.erased", "{'email':'anna.muster@shop.test'}");
	(void)rig_settle(rig, 60000);
	retain_all(rig);
	assert_false(is_in_files(rig, "anna.muster@shop.test"));
	n_event = fake_http_count_of(rig->http, "POST", "/api/event");
	live(rig, ANN, "1001"); /* the same order once more, placed before */
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/event"),
			 n_event + 1); /* the visit is new */
}

static void nothing_happens_unasked(void **state)
{
	struct world *world = *state;

	both_live(world);
	assert_int_equal(run(world, "erase nobody@shop.test --yes"), CLI_NOT_FOUND);
	assert_int_equal(run(world, "erase bob --yes"), CLI_USAGE);
	assert_int_equal(run(world, "erase bob@shop.test --store shup --yes"), CLI_NOT_FOUND);
	(void)rig_settle(world->rig, 60000);
	retain_all(world->rig);
	assert_true(is_in_files(world->rig, "bob@shop.test"));
	assert_int_equal(run(world, "erase nobody@shop.test --store shop --yes --json"), 0);
	assert_non_null(strstr(world->out, "\"store\":\"shop\""));
	(void)rig_settle(world->rig, 60000);
	assert_int_equal(fake_http_count_of(world->rig->http, "POST", "/api/data-privacy-deletion-jobs"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_export_has_all_that_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_export_has_what_is_kept_under_other_addresses, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_is_erased_is_in_no_byte_of_the_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_message_erases_as_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_happens_unasked, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
