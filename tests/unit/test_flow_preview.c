/*
 * Preview: what it shows is what then happens, byte for byte, and showing it changes nothing.
 */
#include "flow/preview.h"
#include "support/rig.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static int set_up(void **state)
{
	*state = rig_new(&db_memory_ops);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

static struct str quoted(struct rig *rig, const char *text)
{
	char *copy = arena_cstr(&rig->arena, str_from(text));

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	return str_from(copy);
}

static struct preview *look(struct rig *rig, struct str body, size_t *n)
{
	struct preview *preview = NULL;

	if (!preview_message(&rig->ctx, STR("shop"), STR("application/json"), body, &rig->arena, &preview, n,
			     &rig->err))
		fail_msg("%s", rig->err.msg);
	return preview;
}

#define MUG \
	"{'id':'1','type':'product.upserted','data':{'id':'mug','title':'Mug','url':'https://shop.example/" \
	"mug'," \
	"'price':'12.50','currency':'EUR','variants':[{'id':'r','title':'Red','price':'12.50','currency':'" \
	"EUR'}]}}"

/* Shows a message, then lets it happen: the same requests, in whatever order. */
static void shown_and_done(struct rig *rig, const char *message, size_t want)
{
	struct str body = quoted(rig, message);
	size_t n = 0, before = fake_http_count(rig->http);
	struct preview *preview = look(rig, body, &n);
	int64_t received = rig_store_summary(rig, "shop").received;

	assert_int_equal(n, 1);
	assert_int_equal(preview->n_request, want);
	assert_int_equal(fake_http_count(rig->http), before);
	assert_int_equal(rig_store_summary(rig, "shop").received, received);
	(void)rig_message(rig, "shop", body);
	(void)rig_settle(rig, 10000);
	assert_int_equal(fake_http_count(rig->http) - before, want);
	for (size_t i = 0; i < want; i++) {
		const struct preview_request *shown = &preview->request[i];
		bool found = false;

		for (size_t j = before; j < fake_http_count(rig->http); j++) {
			const struct fake_request *sent = fake_http_request(rig->http, j);

			found |= str_eq(sent->method, shown->method) && str_eq(sent->url, shown->url) &&
				 str_eq(sent->body, shown->body);
		}
		if (!found)
			fail_msg("shown but not sent: %.*s %.*s %.*s", STR_ARG(shown->method),
				 STR_ARG(shown->url), STR_ARG(shown->body));
	}
}

static void what_is_shown_is_what_happens(void **state)
{
	static const struct {
		const char *message;
		size_t want;
	} story[] = {
		{ MUG, 2 },
		{ "{'id':'2','type':'price.changed','data':{'product_id':'mug','variant_id':'r','price':'9."
		  "00',"
		  "'currency':'EUR'}}",
		  2 },
		{ "{'id':'3','type':'stock.changed','data':{'variant_id':'r','stock':3}}", 1 },
		{ "{'id':'4','type':'category.upserted','data':{'id':'c','name':'Cups'}}", 1 },
		{ "{'id':'5','type':'category.product_linked','data':{'product_id':'mug','category_id':'c'}}",
		  1 },
		{ "{'id':'6','type':'variant.upserted','data':{'id':'g','product_id':'mug','title':'Green',"
		  "'price':'9.00','currency':'EUR'}}",
		  1 },
		{ "{'id':'7','type':'product.deleted','data':{'id':'mug'}}", 3 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(story); i++) {
		print_message("%s\n", story[i].message);
		shown_and_done(rig, story[i].message, story[i].want);
	}
}

static void what_is_held_back_says_why(void **state)
{
	struct rig *rig = *state;
	size_t n;
	struct preview *preview =
		look(rig,
		     quoted(rig, "{'id':'1','type':'product.upserted','data':{'id':'x','title':'X',"
				 "'url':'https://shop.example/x'}}"),
		     &n);

	assert_int_equal(preview->n_request, 0);
	assert_true(preview->held.len > 0);
}

static void one_preview_for_each_message(void **state)
{
	struct rig *rig = *state;
	size_t n;
	struct preview *preview =
		look(rig, quoted(rig, "[" MUG ",{'id':'2','type':'weather.changed','data':{'x':1}}]"), &n);

	assert_int_equal(n, 2);
	assert_int_equal(preview[0].n_request, 2);
	assert_int_equal(preview[1].n_request, 0);
	assert_true(preview[1].map_reason.len > 0);
}

static void what_cannot_be_shown(void **state)
{
	struct rig *rig = *state;
	struct preview *preview;
	size_t n;

	assert_false(preview_message(&rig->ctx, STR("nobody"), STR("application/json"), STR("{}"),
				     &rig->arena, &preview, &n, &rig->err));
	assert_int_equal(rig->err.code, ERR_NOT_FOUND);
	assert_false(preview_message(&rig->ctx, STR("shop"), STR("application/json"), STR("{"), &rig->arena,
				     &preview, &n, &rig->err));
	assert_int_equal(rig->err.code, ERR_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_shown_is_what_happens),
		TEST(what_is_held_back_says_why),
		TEST(one_preview_for_each_message),
		TEST(what_cannot_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
