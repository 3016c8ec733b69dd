/*
 * Fuzzer: any headers and body before every platform's verify and identify, as a stranger could send them:
 * header lines, a blank line, the body. What is refused must be refused with a reason, what is found must be
 * usable as a key.
 */
#include "unit/test_platform_support.h"

#define MESSAGES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_messages(const struct platform_message *message, size_t n)
{
	if (n == 0 || n > MESSAGES_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (message[i].topic.len == 0 || message[i].topic.len > 200 ||
		    message[i].source_id.len > 240 || message[i].body.len == 0 ||
		    digest16_is_zero(message[i].key) || digest16_is_zero(message[i].slot))
			abort();
}

static void meet(const struct platform_ops *platform, const struct support_fixture *fixture)
{
	struct str secret[] = { STR(SUPPORT_SECRET), STR("another secret of words") };
	struct support_pairs settings = { .n = 0 };
	struct platform_store store = support_store(secret, ARRAY_LEN(secret), &settings);
	struct platform_request request =
		support_request(fixture->content_type, fixture->body, &fixture->headers);
	struct platform_message *message = NULL;
	struct err err = { 0 };
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	(void)platform->accepts(fixture->content_type);
	(void)platform->check_secret(fixture->body, NULL);
	if (!platform->verify(&store, &request, &err) && (err.code != ERR_DENIED || !err.msg[0]))
		abort();
	err = (struct err){ 0 };
	if (platform->identify(&store, &request, MESSAGES_MAX, &arena, &message, &n, &err))
		check_messages(message, n);
	else if ((err.code != ERR_INVALID && err.code != ERR_TOO_LARGE) || !err.msg[0])
		abort();
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct support_fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	support_split_http(&fixture, str_of((const char *)data, size));
	for (const struct platform_ops *const *platform = platform_all(); *platform; platform++)
		meet(*platform, &fixture);
	return 0;
}
