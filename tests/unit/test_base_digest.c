/*
 * digest: published vectors, and the rules of the text forms.
 */
#include "base/digest.h"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_hex(const unsigned char *bytes, size_t len, const char *want)
{
	char got[2 * SHA256_BYTES + 1];

	hex_encode(bytes, len, got);
	assert_string_equal(got, want);
}

/* FIPS 180-4 examples. */
static void test_sha256(void **state)
{
	unsigned char out[SHA256_BYTES];

	(void)state;
	digest_sha256((struct str){ 0 }, out);
	assert_hex(out, sizeof(out), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_sha256(STR("abc"), out);
	assert_hex(out, sizeof(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_sha256(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
	assert_hex(out, sizeof(out), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231, test cases 1, 2, 3, 6 and 7; each also cut into parts at every place. */
static void test_hmac(void **state)
{
	char aa131[131], dd50[50], b20[20], aa20[20];
	const struct {
		struct str key, data;
		const char *want;
	} row[] = {
		{ { b20, 20 },
		  STR("Hi There"),
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ STR("Jefe"), STR("what do ya want for nothing?"),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ { aa20, 20 },
		  { dd50, 50 },
		  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ { aa131, 131 },
		  STR("Test Using Larger Than Block-Size Key - Hash Key First"),
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ { aa131, 131 },
		  STR("This is a test using a larger than block-size key and a larger than block-size data. "
		      "The key "
		      "needs to be hashed before being used by the HMAC algorithm."),
		  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
		{ { NULL, 0 },
		  { NULL, 0 },
		  "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
	};

	(void)state;
	memset(aa131, 0xaa, sizeof(aa131));
	memset(aa20, 0xaa, sizeof(aa20));
	memset(dd50, 0xdd, sizeof(dd50));
	memset(b20, 0x0b, sizeof(b20));
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		for (size_t cut = 0; cut <= row[i].data.len; cut++) {
			struct str part[] = { str_of(row[i].data.p, cut), str_skip(row[i].data, cut) };
			unsigned char out[SHA256_BYTES];

			digest_hmac_sha256(row[i].key, part, 2, out);
			assert_hex(out, sizeof(out), row[i].want);
		}
	}
}

static void test_digest16(void **state)
{
	const struct str a[] = { STR_INIT("ab"), STR_INIT("c") }, b[] = { STR_INIT("a"), STR_INIT("bc") };
	const struct str c[] = { STR_INIT("ab"), STR_INIT("c"), { NULL, 0 } };

	(void)state;
	assert_true(digest16_eq(digest16_of(a, 2), digest16_of(a, 2)));
	assert_false(digest16_eq(digest16_of(a, 2), digest16_of(b, 2)));
	assert_false(digest16_eq(digest16_of(a, 2), digest16_of(c, 3)));
	assert_false(digest16_is_zero(digest16_of(NULL, 0)));
	assert_true(digest16_is_zero((struct digest16){ 0 }));
	/* stored on disk, so it must never change: sha256 of 02 00*7 "ab" 01 00*7 "c" */
	assert_hex(digest16_of(a, 2).byte, 16, "43ee655579de01ca739b3f95c1c2d3f4");
}

static void test_secret_eq(void **state)
{
	(void)state;
	assert_true(secret_eq(STR("abc"), STR("abc")));
	assert_true(secret_eq((struct str){ 0 }, STR("")));
	assert_false(secret_eq(STR("abc"), STR("abd")));
	assert_false(secret_eq(STR("abc"), STR("ab")));
	assert_false(secret_eq(STR(""), STR("a")));
}

static void test_hex(void **state)
{
	unsigned char out[2] = { 1, 1 };
	char text[5];

	(void)state;
	hex_encode("\x00\xff", 2, text);
	assert_string_equal(text, "00ff");
	hex_encode(NULL, 0, text);
	assert_string_equal(text, "");
	assert_true(hex_decode(STR("0aFF"), out, 2));
	assert_int_equal(out[0], 0x0a);
	assert_int_equal(out[1], 0xff);
	assert_true(hex_decode(STR(""), out, 0));
	assert_false(hex_decode(STR("0a"), out, 2));
	assert_false(hex_decode(STR("0aff0"), out, 2));
	assert_false(hex_decode(STR("0agf"), out, 2));
	assert_false(hex_decode(STR("0a f"), out, 2));
}

/* RFC 4648, section 10, and what must be refused. */
static void test_base64(void **state)
{
	static const struct {
		struct str text, encoded;
	} good[] = {
		{ STR_INIT(""), STR_INIT("") },
		{ STR_INIT("f"), STR_INIT("Zg==") },
		{ STR_INIT("fo"), STR_INIT("Zm8=") },
		{ STR_INIT("foo"), STR_INIT("Zm9v") },
		{ STR_INIT("foob"), STR_INIT("Zm9vYg==") },
		{ STR_INIT("\xfb\xff\xbf"), STR_INIT("+/+/") },
	};
	static const struct str bad[] = {
		STR_INIT("Z"),	      STR_INIT("Zg="),	  STR_INIT("Zg==="), STR_INIT("Zm9v="),
		STR_INIT("Zm9v===="), STR_INIT("===="),	  STR_INIT("="),     STR_INIT("Z g="),
		STR_INIT("Zg==\n"),   STR_INIT("Zm9v\n"), STR_INIT("-_-_"),  STR_INIT("Zh=="),
		STR_INIT("Zg==Zg=="), STR_INIT("Zm\0v"),
	};
	struct arena arena;
	struct str got;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct str bare = good[i].encoded;

		got = base64_encode(&arena, good[i].text.p, good[i].text.len);
		assert_true(str_eq(got, good[i].encoded));
		assert_true(base64_decode(&arena, good[i].encoded, &got));
		assert_true(str_eq(got, good[i].text));
		while (str_ends(bare, STR("=")))
			bare.len--;
		assert_true(base64_decode(&arena, bare, &got));
		assert_true(str_eq(got, good[i].text));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (base64_decode(&arena, bad[i], &got))
			fail_msg("row %zu '%.*s' was accepted", i, STR_ARG(bad[i]));
	assert_true(base64_decode(&arena, (struct str){ 0 }, &got));
	arena_release(&arena);
}

static void test_base64_round(void **state)
{
	struct rand_seeded rand;
	struct arena arena;

	(void)state;
	rand_seeded_init(&rand, 3);
	arena_init(&arena);
	for (size_t len = 0; len < 300; len++) {
		unsigned char bytes[300];
		struct str got;

		rand_fill(&rand.rand, bytes, len);
		assert_true(base64_decode(&arena, base64_encode(&arena, bytes, len), &got));
		assert_int_equal(got.len, len);
		if (len)
			assert_memory_equal(got.p, bytes, len);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),	     cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_digest16),     cmocka_unit_test(test_secret_eq),
		cmocka_unit_test(test_hex),	     cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
