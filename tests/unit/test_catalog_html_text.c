/*
 * HTML to text: proves what is read, what is dropped, that no more than the ceiling comes out, and that
 * hostile input is harmless and costs no more than its length.
 */
#include "base/rand.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "unit/test_catalog_support.h"

static const struct {
	const char *html, *want;
} row[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "<p>High-end coffee maker</p>", "High-end coffee maker" },
	{ "<p>a</p><p>b</p>", "a\nb" },
	{ "a<br>b<br/>c<BR />d", "a\nb\nc\nd" },
	{ "a<br><br>b", "a\nb" },
	{ "<ul><li>one</li><li>two</li></ul>", "one\ntwo" },
	{ "<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", "a b\nc" },
	{ "<b>bo</b>ld <i>x</i>", "bold x" },
	{ "  a \t\r\n  b  ", "a b" },
	{ "<p> a </p>  ", "a" },
	{ "a&nbsp;b\xc2\xa0"
	  "c",
	  "a b c" },
	{ "&lt;b&gt; &amp; &quot;x&quot; &apos;y&#39; &#x26; &#38;", "<b> & \"x\" 'y' & &" },
	{ "&eacute;&Eacute;&euro;&hellip;&mdash;&szlig;",
	  "\xc3\xa9\xc3\x89\xe2\x82\xac\xe2\x80\xa6\xe2\x80\x94\xc3\x9f" },
	{ "&copy 2024 &copy; &copyx &copy=1", "\xc2\xa9 2024 \xc2\xa9 &copyx &copy=1" },
	{ "AT&T &T; &unknown; &; & &#; &#x;", "AT&T &T; &unknown; &; & &#; &#x;" },
	{ "&#150;&#128;", "\xe2\x80\x93\xe2\x82\xac" },
	{ "&#0;&#1;&#xd800;&#x110000;&#99999999999999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "&amp;lt;", "&lt;" },
	{ "a<script>alert('<p>x</p>')</script>b", "ab" },
	{ "a<style>p{}</STYLE >b", "ab" },
	{ "a<script>no end", "a" },
	{ "a<!-- c > -->b<!---->c<!-- no end", "abc" },
	{ "a<!DOCTYPE html>b<?php echo 1 ?>c</>d", "abcd" },
	{ "1 < 2 and 3 > 2, a<3", "1 < 2 and 3 > 2, a<3" },
	{ "<a title=\"x > y\">link</a>", "link" },
	{ "<a title='x > y'>link</a>", "link" },
	{ "<a title=\"no end>text</a> more", "text more" },
	{ "<a title=\"no end>text</a> <b class=\"x\">more</b>", "text more" },
	{ "a<", "a<" },
	{ "a<b", "a" },
	{ "a</", "a" },
	{ "<scripty>x</scripty>", "x" },
	{ "<averyveryverylongname>x", "x" },
	{ "bad \xff\xc3 bytes \xe2\x82", "bad bytes" },
	{ "nul &#x7f; del", "nul del" },
};

static void html_becomes_text(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		support_equal(catalog_html_text(str_from(row[i].html), 10000, &arena), row[i].want,
			      row[i].html);
	arena_release(&arena);
}

static void the_ceiling_cuts_at_a_character(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	support_equal(catalog_html_text(STR("abc"), 2, &arena), "ab", "2");
	support_equal(catalog_html_text(STR("a\xe2\x82\xac"), 3, &arena), "a", "3");
	support_equal(catalog_html_text(STR("a b"), 2, &arena), "a", "no space at the end");
	support_equal(catalog_html_text(STR("<p>a</p><p>bc</p>"), 3, &arena), "a\nb", "break");
	support_equal(catalog_html_text(STR("abc"), 0, &arena), "", "0");
	arena_release(&arena);
}

/* Half a million bytes of each; quadratic cost would be noticed as a time-out. */
static void hostile_input_is_linear(void **state)
{
	static const char *const piece[] = { "<",
					     "<a \"",
					     "<a '\">",
					     "<!--",
					     "<script>",
					     "&",
					     "&#",
					     "&#x",
					     "&aaaaaaaaaaaaaaa",
					     "</",
					     "<a \"><b '>",
					     "<!",
					     "\xff",
					     "<a b='\">'\"",
					     "<p><br>",
					     "&amp;",
					     " " };
	struct arena arena;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(piece); i++) {
		size_t len = strlen(piece[i]), n = 500000 / len;
		char *text = mem_alloc(n * len);

		for (size_t k = 0; k < n; k++)
			memcpy(text + k * len, piece[i], len);
		arena_init(&arena);
		assert_true(catalog_html_text(str_of(text, n * len), 100000, &arena).len <= 100000);
		arena_release(&arena);
		mem_free(text);
	}
}

static void random_input_gives_valid_text(void **state)
{
	static const char *const piece[] = { "<",    ">",      "<p>",	"</p>", "\"", "'", "&",	 "amp",
					     ";",    "#x41",   "<!--",	"-->",	"a",  " ", "\n", "\xc3\xa9",
					     "\xff", "script", "style", "=",	"/",  "!" };
	struct rand_seeded seeded;
	struct arena arena;

	(void)state;
	rand_seeded_init(&seeded, 11);
	arena_init(&arena);
	for (int round = 0; round < 5000; round++) {
		struct strbuf html;
		struct str text;

		strbuf_init(&html, 4096);
		for (uint64_t n = rand_below(&seeded.rand, 40); n > 0; n--)
			strbuf_add_text(&html, piece[rand_below(&seeded.rand, ARRAY_LEN(piece))]);
		text = catalog_html_text(strbuf_str(&html), 1 + rand_below(&seeded.rand, 60), &arena);
		assert_true(utf8_valid(text));
		assert_true(str_eq(text, str_trim(text)));
		strbuf_release(&html);
		arena_reset(&arena);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_becomes_text),
		cmocka_unit_test(the_ceiling_cuts_at_a_character),
		cmocka_unit_test(hostile_input_is_linear),
		cmocka_unit_test(random_input_gives_valid_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
