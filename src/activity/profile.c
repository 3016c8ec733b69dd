/*
 * A person's profile: of all that parts say, the newest of each field.
 *
 * Keeps:   the root's own id is who the person is, whatever a part says. Of a person who was erased nothing
 *          else is told; nobody gets a profile by consent alone.
 * Pure.
 */
#include "activity/fold_internal.h"

#include "base/attr.h"
#include "model/person.h"

/* In the order of their names, so that equals always fall the same way. */
static const char *const source_row[] = { "customer", "order", "subscriber" };

struct source {
	int64_t version; /* when it was so, in ms; 0: not known */
	int64_t seq;
	struct contact contact;
};

struct sources {
	struct source source[ARRAY_LEN(source_row)];
	size_t n;
};

/* Shops that number their changes say the time beside. */
static int64_t version_of(struct fold *fold, const struct fold_fact *fact)
{
	int64_t at_ms;

	if (json_get(fact->body, "at") && fold_time(fold, fact->body, "at", &at_ms))
		return at_ms;
	return fact->row->version;
}

static void read_sources(struct fold *fold, struct sources *sources)
{
	*sources = (struct sources){ .n = 0 };
	for (size_t i = 0; i < ARRAY_LEN(source_row); i++) {
		const struct fold_fact *fact = fold_part(fold, source_row[i]);

		if (!fact)
			continue;
		sources->source[sources->n++] = (struct source){ version_of(fold, fact), fact->row->seq,
								 contact_read(fold, fact->body, STR("")) };
	}
}

static bool is_later(const struct source *a, const struct source *b)
{
	return fact_wins(a->version, a->seq, b->version, b->seq);
}

/* The text at this place of the newest contact that has one. */
static struct str newest(const struct sources *sources, size_t offset)
{
	const struct source *best = NULL;
	struct str text = { 0 };

	for (size_t i = 0; i < sources->n; i++) {
		const struct source *source = &sources->source[i];
		const struct str *own =
			(const struct str *)(const void *)((const char *)&source->contact + offset);

		if (own->len == 0 || (best && !is_later(source, best)))
			continue;
		best = source;
		text = *own;
	}
	return text;
}

/* An address is one thing: fields of two are never mixed. */
static struct address newest_address(const struct sources *sources)
{
	const struct source *best = NULL;

	for (size_t i = 0; i < sources->n; i++)
		if (sources->source[i].contact.has_address && (!best || is_later(&sources->source[i], best)))
			best = &sources->source[i];
	return best ? best->contact.address : (struct address){ .first_name = STR("") };
}

#define NEWEST(sources, member) newest(sources, offsetof(struct contact, member))

/* Who it is: the id of the root first. */
static void read_identity(struct fold *fold, const struct sources *sources, struct activity_profile *profile)
{
	struct str id = fold->root->root.id;

	if (!person_email(id, fold->arena, &profile->email))
		profile->email = NEWEST(sources, email);
	if (id.len == 0 || id.p[0] != '+' || !person_phone(id, STR(""), fold->arena, &profile->phone))
		profile->phone = NEWEST(sources, phone);
}

static void read_fields(const struct sources *sources, struct activity_profile *profile)
{
	profile->first_name = NEWEST(sources, first_name);
	profile->last_name = NEWEST(sources, last_name);
	profile->organization = NEWEST(sources, organization);
	profile->title = NEWEST(sources, title);
	profile->locale = NEWEST(sources, locale);
	profile->address = newest_address(sources);
}

static struct str joined(const struct fold *fold, const struct json *list)
{
	size_t n;
	const struct str *text = fold_texts(fold, list, &n);
	struct str all = n > 0 ? text[0] : (struct str){ 0 };

	for (size_t i = 1; i < n && i < FOLD_PROPERTIES_MAX; i++)
		all = arena_printf(fold->arena, "%.*s, %.*s", STR_ARG(all), STR_ARG(text[i]));
	return all;
}

static void read_properties(struct fold *fold, const struct sources *sources,
			    struct activity_profile *profile)
{
	const struct fold_fact *customer = fold_part(fold, "customer");
	const struct json *body = customer ? customer->body : NULL;
	struct property_list list = { .n = 0 };
	struct str id = NEWEST(sources, customer_id);

	if (fold->rules->profile_external_id)
		profile->external_id = id;
	else
		property_put(fold, &list, STR("CustomerId"), id);
	property_put(fold, &list, STR("Birthday"), fold_text(fold, body, "birthday"));
	property_put(fold, &list, STR("CustomerGroup"), fold_text(fold, body, "group"));
	property_put(fold, &list, STR("CustomerTags"), joined(fold, json_get(body, "tags")));
	property_put(fold, &list, STR("CustomerSince"), fold_text(fold, body, "created_at"));
	property_put_custom(fold, &list, json_get(body, "custom"));
	property_rules(fold, &list, true);
	profile->property = property_keep(fold, &list, &profile->n_property);
}

static void tell_profile(struct fold *fold, const struct sources *sources)
{
	struct activity_profile *profile = &fold->view->profile;

	if (sources->n == 0 || !fold->rules->send_profiles)
		return;
	if (profile->email.len + profile->phone.len == 0) {
		fold_hold(fold, "no e-mail address and no phone number");
		return;
	}
	read_fields(sources, profile);
	read_properties(fold, sources, profile);
	fold->view->has_profile = true;
}

/* Also when it is to be told anew, as by a replay, and Klaviyo has it. */
static bool was_told(const struct root_sent *sent)
{
	return sent->kind == KLAVIYO_PROFILE && !sent->wanted_deleted &&
	       (sent->exists || !digest16_is_zero(sent->wanted));
}

/* Of whom consent was told last: that makes somebody in Klaviyo, too. */
static struct str last_asked(const struct fold *fold)
{
	const struct catalog_root *root = fold->root;
	const struct root_sent *last = NULL;

	for (size_t i = 0; i < root->n_kin_sent; i++)
		if (root->kin_sent[i].kind == KLAVIYO_CONSENT &&
		    str_starts(root->kin_sent[i].external_id, STR("email:")) &&
		    (!last || root->kin_sent[i].newest_id > last->newest_id))
			last = &root->kin_sent[i];
	return last ? str_skip(last->external_id, sizeof("email:") - 1) : (struct str){ 0 };
}

/* Nobody's profile was told yet. Klaviyo may know them all the same, by consent or by an order. */
static struct str never_told(const struct fold *fold)
{
	struct str former = last_asked(fold);

	if (former.len == 0)
		former = fold_kin_before(fold);
	return arena_dup(fold->arena, former);
}

/*
 * Whom Klaviyo was told of last, or may know, of those the shop knows by this customer id. "": of this one,
 * or of nobody.
 */
static struct str last_told(const struct fold *fold)
{
	const struct catalog_root *root = fold->root;
	const struct root_sent *own = fold_sent(fold, KLAVIYO_PROFILE, root->root.id), *last = NULL;

	if (own && was_told(own))
		last = own;
	for (size_t i = 0; i < root->n_kin_sent; i++)
		if (was_told(&root->kin_sent[i]) && (!last || root->kin_sent[i].newest_id > last->newest_id))
			last = &root->kin_sent[i];
	if (!last)
		return never_told(fold);
	return last != own ? arena_dup(fold->arena, last->external_id) : (struct str){ 0 };
}

void person_merge(struct fold *fold)
{
	struct activity_view *view = fold->view;
	struct str now = fold_kin_now(fold);
	bool former = now.len > 0 && !str_eq(now, fold->root->root.id);
	struct sources sources;

	read_sources(fold, &sources);
	read_identity(fold, &sources, &view->profile);
	view->erase = fold_part(fold, "erased") != NULL;
	if (view->erase)
		return;
	if (former)
		fold_note(fold, "is known by another address now");
	else
		tell_profile(fold, &sources);
	if (view->has_profile)
		view->former = last_told(fold);
	consent_merge(fold, view->profile.email, view->profile.phone, former);
}
