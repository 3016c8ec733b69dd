/*
 * Whatever order a product's messages come in, however often each comes and wherever time passes between
 * them: in the end Klaviyo holds the same catalog. Messages that say when they happened may contradict each
 * other; messages that do not are one per part.
 */
#include "support/rig.h"

#include "base/attr.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS	     150
#define MESSAGES_MAX 32

/* {id, timestamp, type, data}: ' stands for " */
static const char *const generic_living[] = {
	"{'id':'1','timestamp':'2026-07-20T10:00:01Z','type':'category.upserted','data':{'id':'home','name':'"
	"Home'}}",
	"{'id':'2','timestamp':'2026-07-20T10:00:02Z','type':'category.upserted','data':{'id':'mugs','name':'"
	"Mugs',"
	"'parent_id':'home'}}",
	"{'id':'3','timestamp':'2026-07-20T10:00:03Z','type':'product.upserted','data':{'id':'mug','title':'"
	"Mug',"
	"'url':'https://shop.example/mug','categories':['home'],'currency':'EUR','price':'10.00',"
	"'variants':[{'id':'r','title':'Red','price':'10.00','currency':'EUR'},"
	"{'id':'b','title':'Blue','price':'11.00','currency':'EUR'}]}}",
	"{'id':'4','timestamp':'2026-07-20T10:00:04Z','type':'price.changed','data':{'product_id':'mug',"
	"'variant_id':'r','price':'8.00','currency':'EUR'}}",
	"{'id':'5','timestamp':'2026-07-20T10:00:05Z','type':'price.changed','data':{'product_id':'mug',"
	"'variant_id':'r','price':'9.00','currency':'EUR'}}",
	"{'id':'6','timestamp':'2026-07-20T10:00:06Z','type':'stock.changed','data':{'product_id':'mug',"
	"'variant_id':'b','stock':7}}",
	"{'id':'7','timestamp':'2026-07-20T10:00:07Z','type':'category.product_linked','data':{'product_id':'"
	"mug',"
	"'category_id':'mugs'}}",
	"{'id':'8','timestamp':'2026-07-20T10:00:08Z','type':'product.upserted','data':{'id':'mug','title':'"
	"Big mug',"
	"'url':'https://shop.example/mug','categories':['home','mugs'],'currency':'EUR','price':'10.00'}}",
	"{'id':'9','timestamp':'2026-07-20T10:00:09Z','type':'variant.upserted','data':{'id':'g','product_id'"
	":'mug',"
	"'title':'Green','price':'12.00','currency':'EUR'}}",
	"{'id':'10','timestamp':'2026-07-20T10:00:10Z','type':'category.upserted','data':{'id':'mugs','name':"
	"'All mugs',"
	"'parent_id':'home'}}",
	NULL,
};

/* The same product, deleted in the end. */
static const char *const generic_deleted[] = {
	"{'id':'1','timestamp':'2026-07-20T10:00:01Z','type':'category.upserted','data':{'id':'home','name':'"
	"Home'}}",
	"{'id':'3','timestamp':'2026-07-20T10:00:03Z','type':'product.upserted','data':{'id':'mug','title':'"
	"Mug',"
	"'url':'https://shop.example/mug','categories':['home'],'currency':'EUR','price':'10.00',"
	"'variants':[{'id':'r','title':'Red','price':'10.00','currency':'EUR'}]}}",
	"{'id':'4','timestamp':'2026-07-20T10:00:04Z','type':'price.changed','data':{'product_id':'mug',"
	"'variant_id':'r','price':'8.00','currency':'EUR'}}",
	"{'id':'5','timestamp':'2026-07-20T10:00:05Z','type':'product.upserted','data':{'id':'cup','title':'"
	"Cup',"
	"'url':'https://shop.example/cup','categories':['home'],'currency':'EUR','price':'1.00'}}",
	"{'id':'6','timestamp':'2026-07-20T10:00:06Z','type':'product.deleted','data':{'id':'mug'}}",
	NULL,
};

static const char *const enad_files[] = {
	"category.create.json",	      "category_relationship.created.json",
	"market.update.json",	      "store_group.update.json",
	"series.upsert.json",	      "brands.upsert.json",
	"tags.updated.json",	      "product.created.json",
	"variant.created.json",	      "variant_prices.updated.json",
	"variant_stock.updated.json", NULL,
};

struct messages {
	struct str body[MESSAGES_MAX];
	size_t n;
	const char *platform;
};

static void read_texts(const char *const *text, struct arena *arena, struct messages *out)
{
	*out = (struct messages){ .platform = "generic" };
	for (; text[out->n]; out->n++) {
		char *quoted = arena_cstr(arena, str_from(text[out->n]));

		for (char *c = quoted; *c; c++)
			if (*c == '\'')
				*c = '"';
		out->body[out->n] = str_from(quoted);
	}
}

static void read_files(struct arena *arena, struct messages *out)
{
	*out = (struct messages){ .platform = "enad" };
	for (; enad_files[out->n]; out->n++) {
		const char *path = arena_printf(arena, "%s/tests/fixtures/enad/%s",
						getenv("PANNIER_SOURCE_DIR"), enad_files[out->n])
					   .p;
		struct err err;

		if (!file_read(path, 1 << 20, arena, &out->body[out->n], &err))
			fail_msg("%s", err.msg);
	}
}

static struct rig *open_rig(const struct messages *messages, uint64_t seed)
{
	struct rig *rig = rig_new(&db_memory_ops);

	rig->rand.state = seed;
	rig_store(rig, "subject", messages->platform, "main",
		  (const char *const[]){ "url_template=https://shop.example/{slug}", "quiet_ms=200", NULL });
	return rig;
}

static struct str finish(struct rig *rig, struct arena *arena)
{
	struct str dump;

	(void)rig_settle(rig, 600000);
	assert_int_equal(fake_klaviyo_complaint(rig->klaviyo).len, 0);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	dump = fake_klaviyo_dump(rig->klaviyo, arena);
	rig_free(rig);
	return dump;
}

static struct str in_order(const struct messages *messages, struct arena *arena)
{
	struct rig *rig = open_rig(messages, 1);

	for (size_t i = 0; i < messages->n; i++)
		(void)rig_message(rig, "subject", messages->body[i]);
	return finish(rig, arena);
}

/* Every message one to three times, shuffled, with pauses here and there; now and then the process dies. */
static struct str in_disorder(const struct messages *messages, uint64_t seed, struct arena *arena)
{
	struct rig *rig = open_rig(messages, seed);
	struct rand *rand = &rig->rand.rand;
	size_t order[3 * MESSAGES_MAX], n = 0;

	for (size_t i = 0; i < messages->n; i++)
		for (uint64_t times = 1 + rand_below(rand, 3); times > 0; times--)
			order[n++] = i;
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)rand_below(rand, i), kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
	for (size_t i = 0; i < n; i++) {
		(void)rig_message(rig, "subject", messages->body[order[i]]);
		if (rand_below(rand, 3) == 0)
			rig_run(rig, (int64_t)rand_below(rand, 800));
		if (rand_below(rand, 10) == 0)
			rig_crash(rig);
	}
	return finish(rig, arena);
}

static void check(const struct messages *messages, struct arena *arena)
{
	struct str want = in_order(messages, arena);

	assert_non_null(strstr(want.p, " item "));
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct str got = in_disorder(messages, seed, arena);

		if (!str_eq(got, want))
			(void)fprintf(stderr, "seed %llu\nwant:\n%.*s\ngot:\n%.*s\n",
				      (unsigned long long)seed, STR_ARG(want), STR_ARG(got));
		assert_true(str_eq(got, want));
	}
}

static void run(void (*read)(struct arena *arena, struct messages *out))
{
	struct arena arena;
	struct messages messages;

	arena_init(&arena);
	read(&arena, &messages);
	check(&messages, &arena);
	arena_release(&arena);
}

static void read_living(struct arena *arena, struct messages *out)
{
	read_texts(generic_living, arena, out);
}

static void read_deleted(struct arena *arena, struct messages *out)
{
	read_texts(generic_deleted, arena, out);
}

static void generic_messages_of_a_living_product(void **state)
{
	(void)state;
	run(read_living);
}

static void generic_messages_of_a_deleted_product(void **state)
{
	(void)state;
	run(read_deleted);
}

static void enad_messages(void **state)
{
	(void)state;
	run(read_files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generic_messages_of_a_living_product),
		cmocka_unit_test(generic_messages_of_a_deleted_product),
		cmocka_unit_test(enad_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
