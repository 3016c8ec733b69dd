/*
 * Guide: the webhook URL of a store and what its platform says a person has to configure.
 */
#include "admin/store_guide.h"

#include "base/digest.h"
#include "base/rand.h"

#define GUIDE_BYTES_MAX	  65536
#define KEY_BYTES	  12
#define ENAD_USUAL_HEADER "Authorization"

bool store_guide_platform(struct str name, const struct platform_ops **out, struct err *err)
{
	const struct platform_ops *const *all = platform_all();
	struct strbuf known;

	*out = platform_find(name);
	if (*out)
		return true;
	strbuf_init(&known, 1024);
	for (size_t i = 0; all[i]; i++)
		strbuf_addf(&known, "%s%s", i ? ", " : "", all[i]->name);
	(void)err_set(err, ERR_INVALID, "no platform '%.*s'; there are: %s", STR_ARG(name), known.p);
	strbuf_release(&known);
	return false;
}

/* Every {name} of text replaced by its value. */
static struct str fill(struct str text, struct str url, struct str header, struct arena *arena)
{
	struct strbuf out;
	struct str filled;

	strbuf_init(&out, GUIDE_BYTES_MAX);
	while (text.len) {
		bool is_url = str_starts(text, STR("{url}")), is_header = str_starts(text, STR("{header}"));

		if (is_url || is_header)
			strbuf_add_str(&out, is_url ? url : header);
		else
			strbuf_add_char(&out, text.p[0]);
		text = str_skip(text, is_url ? 5 : is_header ? 8 : 1);
	}
	filled = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return filled;
}

static bool names_header(struct str configure)
{
	for (; configure.len; configure = str_skip(configure, 1))
		if (str_starts(configure, STR("{header}")))
			return true;
	return false;
}

bool store_guide_make(struct look *look, const struct settings_store *store, struct str base,
		      struct store_guide *out, struct err *err)
{
	const struct platform_ops *platform;

	if (!store_guide_platform(store->platform, &platform, err))
		return false;
	out->webhook_url = arena_printf(look->arena, "%.*s/hooks/%s/%.*s", STR_ARG(base), platform->name,
					STR_ARG(store->name));
	out->header = STR("");
	if (names_header(str_from(platform->guide.configure)))
		out->header = setting_text(store->value, SETTING_KEY_secret_header);
	if (names_header(str_from(platform->guide.configure)) && out->header.len == 0)
		out->header = STR(ENAD_USUAL_HEADER);
	out->configure =
		fill(str_from(platform->guide.configure), out->webhook_url, out->header, look->arena);
	out->script_tag =
		arena_printf(look->arena, "<script src=\"%.*s/s/%.*s.js\" data-pannier defer></script>",
			     STR_ARG(base), STR_ARG(store->name));
	return true;
}

static struct str change_of(const struct setting_change *change, size_t n, const char *key,
			    struct str otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(change[i].key, str_from(key)))
			otherwise = str_trim(change[i].value);
	return otherwise;
}

bool store_guide_needs_key(const struct settings_store *store, const struct setting_change *change, size_t n)
{
	struct str mode = change_of(change, n, "storefront_mode",
				    setting_text(store->value, SETTING_KEY_storefront_mode));
	struct str key = change_of(change, n, "storefront_key",
				   setting_text(store->value, SETTING_KEY_storefront_key));

	return key.len == 0 && (str_eq(mode, STR("server")) || str_eq(mode, STR("both")));
}

void store_guide_add_key(struct arena *arena, struct setting_change **change, size_t *n)
{
	struct setting_change *more = ARENA_ARRAY(arena, *n + 1, struct setting_change);
	char hex[2 * KEY_BYTES + 1];
	unsigned char bytes[KEY_BYTES];

	if (change_of(*change, *n, "storefront_key", STR("")).len > 0)
		return;
	rand_fill(rand_system(), bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), hex);
	for (size_t i = 0; i < *n; i++)
		more[i] = (*change)[i];
	more[*n] = (struct setting_change){ STR("storefront_key"), arena_printf(arena, "pub_%s", hex) };
	*change = more;
	(*n)++;
}
