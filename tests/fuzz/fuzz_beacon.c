/*
 * Fuzzer: any body of a browser, through beacon_read, and whatever gets through it through the generic
 * platform's map: a stranger must never make a message that a person has to look at.
 */
#include "flow/beacon_read.h"
#include "platform/platform.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW_MS INT64_C(1785000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str no_setting(const void *from, const char *key)
{
	(void)from;
	(void)key;
	return STR("");
}

static void must_be_understood(const struct beacon_event *event, struct arena *arena)
{
	struct platform_store view = { .store_id = 1, .setting = no_setting };
	struct map_result result = { 0 };

	platform_generic_ops.map(&view, event->topic, event->body, NOW_MS, arena, &result);
	if (result.state == MAP_DONE)
		return;
	(void)fprintf(stderr, "%.*s: %.*s\n", STR_ARG(event->body), STR_ARG(result.reason));
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct settings_account account;
	struct settings_store store = { .account = &account, .name = STR("shop") };
	struct beacon_batch batch;
	struct arena arena;
	struct err err;

	for (int i = 0; i < SETTING_COUNT; i++)
		store.value[i] = str_from(setting_row((enum setting)i)->otherwise);
	store.value[SETTING_KEY_storefront_origins] = STR("https://shop.example");
	arena_init(&arena);
	if (beacon_read(&store, str_of((const char *)data, size), NOW_MS, &arena, &batch, &err))
		for (size_t i = 0; i < batch.n; i++)
			must_be_understood(&batch.event[i], &arena);
	(void)beacon_is_bot(str_of((const char *)data, size));
	(void)beacon_origin_allowed(STR("https://shop.example, http://[::1]:8080"),
				    str_of((const char *)data, size));
	arena_release(&arena);
	return 0;
}
