/*
 * Fuzzer: any body of the generic platform, in each of its framings, through identify and map. The first byte
 * chooses the framing ('0' to '5'); for a CloudEvent in binary mode the first line is its type.
 */
#include "unit/test_platform_support.h"

#define MESSAGES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct platform_request request_of(struct str input, struct support_pairs *headers)
{
	static const char *const types[] = {
		"application/json",
		"application/x-ndjson",
		"application/cloudevents+json",
		"application/cloudevents-batch+json",
		"application/json; charset=utf-8",
		"application/json", /* binary mode */
	};
	size_t kind = input.len ? (unsigned char)input.p[0] % ARRAY_LEN(types) : 0;
	struct str body = str_skip(input, 1), type;

	support_put(headers, STR("webhook-id"), STR("msg_fuzz"));
	if (kind == ARRAY_LEN(types) - 1 && str_split(&body, '\n', &type)) {
		support_put(headers, STR("ce-specversion"), STR("1.0"));
		support_put(headers, STR("ce-type"), type);
		support_put(headers, STR("ce-subject"), type);
	}
	return support_request(str_from(types[kind]), body, headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct platform_ops *generic = &platform_generic_ops;
	struct support_pairs headers = { .n = 0 }, none = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &none);
	struct platform_request request = request_of(str_of((const char *)data, size), &headers);
	struct platform_message *message = NULL;
	struct map_result result;
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	if (!generic->identify(&store, &request, MESSAGES_MAX, &arena, &message, &n, NULL))
		n = 0;
	if (n > MESSAGES_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		generic->map(&store, message[i].topic, message[i].body, SUPPORT_NOW_MS, &arena, &result);
		if (support_result_problem(&result, &arena))
			abort();
	}
	arena_release(&arena);
	return 0;
}
