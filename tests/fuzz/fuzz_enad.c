/*
 * Fuzzer: any body that Enad might send through identify and map. What comes out must be a valid map_result.
 */
#include "unit/test_platform_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct platform_ops *enad = &platform_enad_ops;
	struct support_pairs none = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &none);
	struct platform_request request =
		support_request(STR("application/json"), str_of((const char *)data, size), &none);
	struct platform_message *message;
	struct map_result result;
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	if (enad->identify(&store, &request, 1, &arena, &message, &n, NULL)) {
		enad->map(&store, message->topic, message->body, SUPPORT_NOW_MS, &arena, &result);
		if (n != 1 || support_result_problem(&result, &arena))
			abort();
	}
	arena_release(&arena);
	return 0;
}
