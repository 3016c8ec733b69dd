/*
 * Profiles: as told alone (profile-import) and within events.
 *
 * What is not known is left out, and Klaviyo keeps what it has. Events of the past say only whom they are
 * about: what they knew of the person may be older than what Klaviyo knows by now.
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15 (an event's profile also takes an anonymous_id).
 */
#include "base/attr.h"
#include "klaviyo/render_internal.h"

#define EMAIL_BYTES_MAX		99
#define ATTRIBUTE_BYTES_MAX	500
#define PROPERTY_NAME_BYTES_MAX 255

static void put_location(struct render_object *object, const struct address *address)
{
	struct str region = address->region.len > 0 ? address->region : address->region_code;
	struct str country = address->country.len > 0 ? address->country : address->country_code;
	size_t before = object->out->len;
	struct render_object location;

	if (!render_open_member(object, "location", &location))
		return;
	render_text(&location, "address1", address->address1);
	render_text(&location, "address2", address->address2);
	render_text(&location, "city", address->city);
	render_text(&location, "country", country);
	render_text(&location, "region", region);
	render_text(&location, "zip", address->zip);
	render_close_member(object, &location, before);
}

static bool is_taken(const struct activity_property *property, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(property[k].name, property[i].name))
			return true;
	return false;
}

static void put_properties(struct render_object *object, const struct activity_property *property, size_t n)
{
	size_t n_max = n < RENDER_PROPERTIES_MAX ? n : RENDER_PROPERTIES_MAX;
	size_t before = object->out->len;
	struct render_object nested;

	if (!render_open_member(object, "properties", &nested))
		return;
	nested.text_bytes_max = RENDER_TEXT_BYTES_MAX;
	nested.bytes_max--; /* for its end */
	nested.cuts->n_property += n - n_max;
	for (size_t i = 0; i < n_max; i++) {
		struct str name = property[i].name;

		if (name.len == 0 || name.len > PROPERTY_NAME_BYTES_MAX || name.p[0] == '$' ||
		    is_taken(property, i))
			nested.cuts->n_property++;
		else
			render_named_text(&nested, name, property[i].value);
	}
	render_close_member(object, &nested, before);
}

static void put_ids(struct render_object *object, const struct activity_profile *profile, bool in_event)
{
	if (profile->email.len > EMAIL_BYTES_MAX)
		object->cuts->email = true;
	else
		render_text(object, "email", profile->email);
	render_text(object, "phone_number", profile->phone);
	render_text(object, "external_id", profile->external_id);
	if (in_event)
		render_text(object, "anonymous_id", profile->anonymous_id);
	render_text(object, "_kx", profile->exchange_id);
}

static void put_attributes(struct render_object *object, const struct activity_profile *profile,
			   enum render_profile what, bool in_event)
{
	put_ids(object, profile, in_event);
	if (what == RENDER_PROFILE_IDS)
		return;
	render_text(object, "first_name", profile->first_name);
	render_text(object, "last_name", profile->last_name);
	render_text(object, "organization", profile->organization);
	render_text(object, "locale", profile->locale);
	render_text(object, "title", profile->title);
	put_location(object, &profile->address);
	put_properties(object, profile->property, profile->n_property);
}

void render_profile_attributes(struct render_object *parent, const struct activity_profile *profile,
			       enum render_profile what, bool in_event)
{
	struct render_object attributes;

	if (!render_open_member(parent, "attributes", &attributes))
		return;
	attributes.text_bytes_max = ATTRIBUTE_BYTES_MAX;
	attributes.bytes_max = parent->out->len + RENDER_PROFILE_BYTES_MAX;
	put_attributes(&attributes, profile, what, in_event);
	render_close(&attributes);
}

struct str klaviyo_render_profile(const struct activity_profile *profile, struct arena *arena,
				  struct str *mended)
{
	struct render_cuts cuts = { .n_text = 0 };
	struct strbuf out;
	struct render_object resource = {
		.out = &out,
		.arena = arena,
		.cuts = &cuts,
		.bytes_max = RENDER_OUT_BYTES_MAX,
		.text_bytes_max = RENDER_TEXT_BYTES_MAX,
		.n_max = SIZE_MAX,
	};

	strbuf_init(&out, RENDER_OUT_BYTES_MAX);
	render_open(&resource);
	render_text(&resource, "type", STR("profile"));
	render_profile_attributes(&resource, profile, RENDER_PROFILE_WHOLE, false);
	render_close(&resource);
	*mended = render_cuts_text(&cuts, arena);
	return render_take(&out, arena);
}
