/*
 * Fuzzer: any history of an order of OpenCart, and any message at all. The first line is the setting
 * order_states, the rest a body.
 */
#include "unit/test_platform_support.h"

#define MESSAGES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct platform_ops *opencart = &platform_opencart_ops;
	struct support_pairs headers = { .n = 0 }, settings = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &settings);
	struct str body = str_of((const char *)data, size), states = STR("");
	struct platform_request request;
	struct platform_message *message = NULL;
	struct map_result result;
	struct arena arena;
	size_t n = 0;

	if (!str_split(&body, '\n', &states))
		return 0;
	arena_init(&arena);
	support_put(&headers, STR("webhook-id"), STR("msg_fuzz"));
	support_put(&settings, STR("order_states"), states);
	request = support_request(STR("application/json"), body, &headers);
	if (!opencart->identify(&store, &request, MESSAGES_MAX, &arena, &message, &n, NULL))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		opencart->map(&store, message[i].topic, message[i].body, SUPPORT_NOW_MS, &arena, &result);
		if (support_result_problem(&result, &arena))
			abort();
	}
	arena_release(&arena);
	return 0;
}
